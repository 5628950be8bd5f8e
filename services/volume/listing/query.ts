/** Lists as Cinder gives them: filters, sort keys, marker, offset and limit of a query, made into one page of a table. */
import type { Knex } from 'knex';
import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import type { Query, Sort } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { type Condition, readPage } from './store.ts';
import { dictionaryOf, isSet, isTrue, limitOf, numberOf, timeConditions } from './values.ts';

type ColumnKind = 'text' | 'equal' | 'number' | 'boolean' | 'time' | 'pairs';

/**
 * How a filter is asked of rows. `text` has a variant with ~ behind its name, which looks for a part; `pairs` is a
 * JSON dictionary that has all pairs of the value; `constant` has the same value in all rows; a function narrows the
 * query by itself.
 */
export type Filter =
  | { readonly kind: ColumnKind; readonly column: string }
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

type Asked = Pick<Call, 'query' | 'version' | 'page' | 'caller'>;

export const text = (column: string): Filter => ({ kind: 'text', column });
export const equal = (column: string): Filter => ({ kind: 'equal', column });
export const constant = (is: (value: string) => boolean): Filter => ({ kind: 'constant', is });
/** No row has it. */
export const none = constant(() => false);

interface Page<Row> {
  readonly rows: readonly Row[];
  /** `<collection>_links` and `count`, where the answer has them. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** `scope` are columns and values of all that the caller may see; `read` makes a row of what is stored. */
export async function listPage<Row>(
  db: Knex,
  listing: Listing,
  scope: Readonly<Record<string, unknown>>,
  asked: Asked,
  read: (stored: never) => Row,
): Promise<Page<Row>> {
  const { table, what, collection } = listing;
  const range = rangeOf(asked);
  const [conditions, sorts] = [conditionsOf(listing, asked), sortsOf(listing, asked.query)];
  const { rows, ...count } = await readPage(db, { table, what, scope, conditions, sorts, ...range });
  const ids = rows.map(({ id }) => id);
  return {
    rows: rows.map((row) => read(row as never)),
    extra: { ...count, ...asked.page(collection, ids, range.limit) },
  };
}

/** Of the filters that the request names and this list has. */
function conditionsOf(listing: Listing, asked: Asked): Condition[] {
  const kept = new Set(withheld(listing, asked));
  return Object.entries(asked.query)
    .filter(([key, value]) => !kept.has(key) && isSet(value))
    .flatMap(([key, value]) => {
      const filter = own(listing.filters, key.replace(/~$/, ''));
      if (filter === undefined) return [];
      const isPart = key.endsWith('~') && atLeast(asked.version, '3.34');
      if (typeof filter === 'function') return [{ kind: 'by', narrow: (query) => filter(query, value) }];
      if (filter.kind === 'constant') return filter.is(value) ? [] : [{ kind: 'never' }];
      const { kind, column } = filter;
      return isPart && kind === 'text' ? [{ kind: 'part', column, part: value }] : conditions[kind](column, value);
    });
}

const conditions: Readonly<Record<ColumnKind, (column: string, value: string) => Condition[]>> = {
  text: (column, value) => [{ kind: 'equal', column, value }],
  equal: (column, value) => [{ kind: 'equal', column, value }],
  boolean: (column, value) => [{ kind: 'equal', column, value: isTrue(value) }],
  number: (column, value) =>
    /^\d{1,15}$/.test(value) ? [{ kind: 'equal', column, value: Number(value) }] : [{ kind: 'never' }],
  time: (column, value) => timeConditions(column, value),
  // A pair as JSON.stringify writes it stands in the text of a dictionary that has it, and in no other.
  pairs: (column, value) =>
    Object.entries(dictionaryOf(value)).map((pair) => ({
      kind: 'part',
      column,
      part: JSON.stringify(Object.fromEntries([pair])).slice(1, -1),
    })),
};

/** What this caller may not filter by: refused by name from 3.31 on, as in Cinder, and of no effect before. */
function withheld({ adminFilters = [] }: Listing, { query, version, caller }: Asked): readonly string[] {
  if (isAdmin(caller)) return [];
  const names = Object.keys(query).filter((key) => adminFilters.includes(key.replace(/~$/, '')));
  if (names.length > 0 && atLeast(version, '3.31'))
    throw badRequest(`Invalid filters ${names.join(',')} are found in query options.`);
  return names;
}

/** `sort=name:asc,created_at:desc`, or the older sort_key and sort_dir. The newest come first. */
function sortsOf({ sortKeys }: Listing, { sort, sort_key, sort_dir = 'desc' }: Asked['query']): Sort[] {
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

/** Where a page begins, how long it is, and whether all rows are counted. */
const rangeOf = ({ query, version }: Asked) => ({
  marker: isSet(query.marker) ? query.marker : undefined,
  offset: numberOf(query.offset, 0, { name: 'offset', least: '>= 0' }),
  limit: limitOf(query),
  wantsCount: isTrue(query.with_count ?? '') && atLeast(version, '3.45'),
});
