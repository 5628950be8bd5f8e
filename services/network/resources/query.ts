/** Reads what a list request asks for: filters, order, page, fields. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import {
  type Attribute,
  type Attributes,
  columnOf,
  type Query,
  sortsOf as sortColumns,
} from '#shared/resource/attribute.ts';
import { type Sharing, selectShared } from '../sharing/policy.ts';
import type { Listing } from './store.ts';
import { type May, truth } from './values.ts';

const notFilters = new Set(['fields', 'limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir']);

type Asked = Pick<Call, 'queries' | 'query' | 'may' | 'caller'>;

/** Attributes that are hidden from the caller are as good as unknown. */
export function listingOf(
  { queries, query, may, caller }: Asked,
  attributes: Attributes,
  sharing: Sharing | undefined,
): Listing {
  const known = knownTo(may, attributes);
  const filters = Object.entries(queries)
    .filter(([name]) => !notFilters.has(name))
    .map(([name, values]) =>
      name === 'shared' && sharing
        ? filterByShared(sharing, caller.projectId, values)
        : filterBy(name, own(known, name), values),
    );
  return {
    filters,
    sorts: sortsOf(queries, known),
    marker: query.marker || undefined,
    limit: limitOf(query.limit),
    reverse: query.page_reverse?.toLowerCase() === 'true',
  };
}

const knownTo = (may: May, attributes: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).filter(([, { options }]) => options.filter && (!options.rule || may(options.rule))),
  );

function filterBy(name: string, attribute: Attribute | undefined, values: readonly string[]) {
  if (attribute === undefined) throw unknownFilter(name);
  const { filter } = attribute.options;
  if (typeof filter === 'function') return (query: Query) => filter(query, values);
  const { kind } = attribute.type;
  const wanted = values.map((value) => {
    if (kind === 'flag') return truth(value, name);
    return kind === 'number' ? Number(value) : value;
  });
  const possible = wanted.filter((value) => !Number.isNaN(value)); // no row has what is no number
  return (query: Query) => void query.whereIn(columnOf(name, attribute) ?? name, possible as string[]);
}

/** Shared with the project of the caller, or with all. */
function filterByShared({ type, from }: Sharing, projectId: string | null, values: readonly string[]) {
  const wanted = new Set(values.map((value) => truth(value, 'shared')));
  const shared = selectShared(type, 'access_as_shared', projectId);
  return (query: Query) => {
    if (wanted.size === 1) query[wanted.has(true) ? 'whereIn' : 'whereNotIn'](from, shared);
  };
}

const unknownFilter = (name: string) => badRequest(`['${name}'] is invalid attribute for filtering`, 'HTTPBadRequest');

/** For a list that is not of a table: what has, of each attribute that is asked for, one of the values. */
export function filtered<View extends object>(
  { queries }: Pick<Call, 'queries'>,
  names: readonly (keyof View & string)[],
  views: readonly View[],
): View[] {
  const asked = Object.entries(queries).filter(([name]) => name !== 'fields');
  for (const [name] of asked) if (!(names as readonly string[]).includes(name)) throw unknownFilter(name);
  const has = (view: View, name: string, value: string) => {
    const own: unknown = Reflect.get(view, name);
    return typeof own === 'boolean' ? truth(value, name) === own : value === own;
  };
  return views.filter((view) => asked.every(([name, values]) => values.some((value) => has(view, name, value))));
}

function sortsOf(queries: Asked['queries'], attributes: Attributes): Listing['sorts'] {
  const keys = queries.sort_key ?? [];
  const directions = queries.sort_dir ?? keys.map(() => 'asc');
  if (keys.length !== directions.length)
    throw badRequest('The number of sort_keys and sort_dirs must be same', 'HTTPBadRequest');
  const columns = sortColumns(attributes);
  return keys.map((key, at) => {
    const column = own(columns, key);
    if (column === undefined) throw badRequest(`['${key}'] is invalid attribute for sort_keys`, 'HTTPBadRequest');
    return { column, descending: descends(directions[at] ?? 'asc') };
  });
}

function descends(direction: string): boolean {
  if (direction === 'asc' || direction === 'desc') return direction === 'desc';
  const known = "valid value is 'asc' and 'desc'";
  throw badRequest(`['${direction}'] is invalid value for sort_dirs, ${known}`, 'HTTPBadRequest');
}

/** More than any collection has, and no more than a database takes for a number. */
const mostRows = 1_000_000_000;

function limitOf(limit: string | undefined): number | undefined {
  if (limit === undefined || limit === '') return undefined;
  if (!/^\d+$/.test(limit))
    throw badRequest(`Bad limit request: Limit must be an integer 0 or greater and not '${limit}'.`, 'BadRequest');
  return Math.min(Number(limit), mostRows) || undefined;
}

/** The stock client writes a Python list into one `fields`; others repeat the key. Undefined: all of them. */
export function fieldsOf({ queries }: Pick<Call, 'queries'>): ReadonlySet<string> | undefined {
  const names = (queries.fields ?? []).flatMap((each) => each.match(/[\w:-]+/g) ?? []);
  return names.length > 0 ? new Set(names) : undefined;
}

export const pick = (view: object, fields: ReadonlySet<string> | undefined): object =>
  fields ? Object.fromEntries(Object.entries(view).filter(([name]) => fields.has(name))) : view;

/**
 * The links beside a page: a next one when it is full, a previous one when it does not begin at the beginning. From a
 * page behind the end a link leads back to the last one.
 */
export function linksOf(call: Pick<Call, 'url' | 'base'>, listing: Listing, ids: readonly string[]) {
  const { limit, reverse, marker } = listing;
  if (limit === undefined) return [];
  const back = reverse ? { rel: 'next', reverse: false } : { rel: 'previous', reverse: true };
  if (ids.length === 0)
    return marker === undefined ? [] : [{ rel: back.rel, href: pageUrl(call, undefined, back.reverse) }];
  const full = ids.length >= limit;
  const links = [];
  if (reverse || full) links.push({ rel: 'next', href: pageUrl(call, ids.at(-1) ?? '', false) });
  if (reverse ? full : marker !== undefined) links.push({ rel: 'previous', href: pageUrl(call, ids[0] ?? '', true) });
  return links;
}

function pageUrl({ url, base }: Pick<Call, 'url' | 'base'>, marker: string | undefined, reverse: boolean): string {
  const [path = '', search = ''] = url.split('?');
  const query = new URLSearchParams(search);
  if (marker === undefined) query.delete('marker');
  else query.set('marker', marker);
  query.delete('page_reverse');
  if (reverse) query.set('page_reverse', 'True');
  return `${base}${path}?${query}`;
}
