/** Lists as Cinder gives them, in SQL: filters, sort keys, marker, offset and limit of the query. */
import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import type { Query, Sort } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { isSet, isTrue, limitOf, numberOf } from './values.ts';

/**
 * How a filter is asked of rows. `text` has a variant with ~ behind its name, which looks for a part; `pairs` is a
 * JSON dictionary that has all pairs of the value; `constant` has the same value in all rows; a function narrows the
 * query by itself.
 */
export type Filter =
  | { readonly kind: 'text' | 'equal' | 'number' | 'boolean' | 'time' | 'pairs'; readonly column: string }
  | { readonly kind: 'constant'; readonly is: (value: string) => boolean }
  | ((query: Query, value: string) => void);

export interface Listing {
  readonly table: string;
  readonly collection: string;
  /** One of them, in a refusal. */
  readonly what: string;
  /** Keys that are not here are no filters. */
  readonly filters: Readonly<Record<string, Filter>>;
  /** Filters that are an administrator's: to others they would reveal where a thing lies. */
  readonly adminFilters?: readonly string[];
  /** Sort keys and their columns. */
  readonly sortKeys: Readonly<Record<string, string>>;
}

export type Asked = Pick<Call, 'query' | 'version' | 'page' | 'caller'>;

export const text = (column: string): Filter => ({ kind: 'text', column });
export const equal = (column: string): Filter => ({ kind: 'equal', column });
export const constant = (is: (value: string) => boolean): Filter => ({ kind: 'constant', is });
/** No row has it. */
export const none = constant(() => false);

interface Wanted {
  readonly filter: Filter;
  readonly value: string;
  /** The value is a part of the text. */
  readonly isPart: boolean;
}

/** The filters that the request names and this list has. */
export function filtersOf(listing: Listing, asked: Asked): Wanted[] {
  const kept = new Set(withheld(listing, asked));
  return Object.entries(asked.query)
    .filter(([key, value]) => !kept.has(key) && isSet(value))
    .flatMap(([key, value]) => {
      const filter = own(listing.filters, key.replace(/~$/, ''));
      return filter ? [{ filter, value, isPart: key.endsWith('~') && atLeast(asked.version, '3.34') }] : [];
    });
}

/** What this caller may not filter by: refused by name from 3.31 on, as in Cinder, and of no effect before. */
function withheld({ adminFilters = [] }: Listing, { query, version, caller }: Asked): readonly string[] {
  if (isAdmin(caller)) return [];
  const names = Object.keys(query).filter((key) => adminFilters.includes(key.replace(/~$/, '')));
  if (names.length > 0 && atLeast(version, '3.31'))
    throw badRequest(`Invalid filters ${names.join(',')} are found in query options.`);
  return names;
}

/** `sort=name:asc,created_at:desc`, or the older sort_key and sort_dir. The newest come first. */
export function sortsOf({ sortKeys }: Listing, { sort, sort_key, sort_dir = 'desc' }: Asked['query']): Sort[] {
  const keys = isSet(sort) ? sort.split(',') : [`${isSet(sort_key) ? sort_key : 'created_at'}:${sort_dir}`];
  const sorts = keys.map((each) => {
    const [key = '', direction = 'desc'] = each.trim().split(':');
    if (!/^(asc|desc)$/.test(direction))
      throw badRequest(`Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.`);
    const column = key === 'id' ? 'id' : own(sortKeys, key);
    if (!column) throw badRequest(`Invalid input received: Invalid sort key: ${key}`);
    return { column, descending: direction === 'desc', notNull: column === 'createdAt' || column === 'id' };
  });
  const end = sorts.findIndex(({ column }) => column === 'id'); // what stands behind it decides nothing
  return end < 0 ? [...sorts, { column: 'id', descending: true, notNull: true }] : sorts.slice(0, end + 1);
}

/** Where a page begins, and how long it is. */
export const rangeOf = ({ query }: Asked) => ({
  marker: isSet(query.marker) ? query.marker : undefined,
  offset: numberOf(query.offset, 0, { name: 'offset', least: '>= 0' }),
  limit: limitOf(query),
});

export const wantsCount = ({ query, version }: Asked): boolean =>
  isTrue(query.with_count ?? '') && atLeast(version, '3.45');
