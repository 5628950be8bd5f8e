/** Keystone's filters on what a directory gave, which compares in its own way, or not at all. */
import type { Filters } from '#shared/db/filters.ts';
import { own } from '#shared/input/own.ts';
import type { Comparison } from '../drivers/ldap/directory.ts';

const comparisons: Readonly<Record<string, (found: string, asked: string) => boolean>> = {
  equals: (found, asked) => found.toLowerCase() === asked.toLowerCase(),
  in: (found, asked) => asked.split(',').includes(found),
  contains: (found, asked) => found.includes(asked),
  startswith: (found, asked) => found.startsWith(asked),
  endswith: (found, asked) => found.endsWith(asked),
  icontains: (found, asked) => found.toLowerCase().includes(asked.toLowerCase()),
  istartswith: (found, asked) => found.toLowerCase().startsWith(asked.toLowerCase()),
  iendswith: (found, asked) => found.toLowerCase().endsWith(asked.toLowerCase()),
};

export const comparisonsOf = (filters: Filters): Comparison[] =>
  Object.entries(filters).flatMap(([key, values]) => {
    const [field = '', comparison = 'equals'] = key.split('__');
    const value = values.at(-1);
    return value === undefined ? [] : [{ field, comparison, value }];
  });

/** Of the fields that a list can be asked by; others are left alone, as rows do. */
export const fits = (
  thing: { readonly id: string; readonly name: string; readonly enabled?: boolean },
  asked: readonly Comparison[],
): boolean =>
  asked.every(({ field, comparison, value }) => {
    const found = field === 'id' || field === 'name' || field === 'enabled' ? thing[field] : undefined;
    return found === undefined || (own(comparisons, comparison)?.(String(found), value) ?? true);
  });
