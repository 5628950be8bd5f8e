/** Applies Keystone's list filters to the result of a directory, which compares in its own way or not at all. */

import { own } from '#shared/input/own.ts';
import type { Comparison } from '../drivers/ldap/tree.ts';
import type { Filters } from '../filters/store.ts';

const comparisons: Readonly<Record<string, (found: string, wanted: string) => boolean>> = {
  equals: (found, wanted) => found.toLowerCase() === wanted.toLowerCase(),
  in: (found, wanted) => wanted.split(',').includes(found),
  contains: (found, wanted) => found.includes(wanted),
  startswith: (found, wanted) => found.startsWith(wanted),
  endswith: (found, wanted) => found.endsWith(wanted),
  icontains: (found, wanted) => found.toLowerCase().includes(wanted.toLowerCase()),
  istartswith: (found, wanted) => found.toLowerCase().startsWith(wanted.toLowerCase()),
  iendswith: (found, wanted) => found.toLowerCase().endsWith(wanted.toLowerCase()),
};

export const comparisonsOf = (filters: Filters): Comparison[] =>
  Object.entries(filters).flatMap(([key, values]) => {
    const [field = '', comparison = 'equals'] = key.split('__');
    const value = values.at(-1);
    return value === undefined ? [] : [{ field, comparison, value }];
  });

/** Compares id, name and enabled; other filters are ignored, as for our own tables. */
export const matchesFilters = (
  thing: { readonly id: string; readonly name: string; readonly enabled?: boolean },
  filters: readonly Comparison[],
): boolean =>
  filters.every(({ field, comparison, value }) => {
    const found = field === 'id' || field === 'name' || field === 'enabled' ? thing[field] : undefined;
    return found === undefined || (own(comparisons, comparison)?.(String(found), value) ?? true);
  });
