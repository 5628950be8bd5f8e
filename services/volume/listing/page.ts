/** Lists as Cinder gives them: filters, sort keys, marker and limit of the query. */
import { timeOf } from '#shared/api/times.ts';
import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';

export interface Listing<Row> {
  readonly collection: string;
  /** One of them, in a refusal. */
  readonly what: string;
  /** What a row says to a filter. Keys that are not here are no filters. */
  readonly filters: Readonly<Record<string, (row: Row, value: string) => boolean>>;
  /** Filters that are an administrator's: to others they would tell where a thing lies. */
  readonly adminFilters?: readonly string[];
  readonly sortKeys: Readonly<Record<string, (row: Row) => string | number | null>>;
}

type Asked = Pick<Call, 'query' | 'version' | 'page' | 'caller'>;

interface Page<Row> {
  readonly rows: readonly Row[];
  /** `<collection>_links` and `count`, where the answer has them. */
  readonly beside: Readonly<Record<string, unknown>>;
}

const most = 1000;

/** The part of all rows that was asked for. The newest come first. */
export function pageOf<Row extends { readonly id: string }>(
  listing: Listing<Row>,
  all: readonly Row[],
  asked: Asked,
): Page<Row> {
  const found = sorted(listing, filtered(listing, all, asked), asked.query);
  const { marker, offset } = asked.query;
  const limit = limitOf(asked.query);
  const start =
    (marker ? afterMarker(found, marker, listing.what) : 0) + numberOf(offset, 0, { name: 'offset', least: '>= 0' });
  const rows = found.slice(start, start + limit);
  const links = asked.page(
    listing.collection,
    rows.map(({ id }) => id),
    limit,
  );
  return { rows, beside: { ...count(asked, found.length), ...links } };
}

/** Clients send `name=None` for a filter that nobody set. */
export const isSet = (value: string | undefined): value is string =>
  value !== undefined && value !== '' && value !== 'None';

function filtered<Row>(listing: Listing<Row>, all: readonly Row[], asked: Asked): readonly Row[] {
  const { query, version } = asked;
  const { filters } = listing;
  const kept = new Set(withheld(listing, asked));
  const wanted = Object.entries(query)
    .filter(([key]) => !kept.has(key))
    .flatMap(([key, value]) => {
      const like = key.endsWith('~') && atLeast(version, '3.34');
      const filter = own(filters, like ? key : key.replace(/~$/, ''));
      return filter && isSet(value) ? [(row: Row) => filter(row, value)] : [];
    });
  return all.filter((row) => wanted.every((matches) => matches(row)));
}

/** What this caller may not filter by: refused by name from 3.31 on, as in Cinder, and of no effect before. */
function withheld<Row>({ adminFilters = [] }: Listing<Row>, { query, version, caller }: Asked): readonly string[] {
  if (isAdmin(caller)) return [];
  const names = Object.keys(query).filter((key) => adminFilters.includes(key.replace(/~$/, '')));
  if (names.length > 0 && atLeast(version, '3.31'))
    throw badRequest(`Invalid filters ${names.join(',')} are found in query options.`);
  return names;
}

/** `sort=name:asc,created_at:desc`, or the older sort_key and sort_dir. */
function sorted<Row extends { readonly id: string }>(
  { sortKeys }: Listing<Row>,
  rows: readonly Row[],
  { sort, sort_key, sort_dir = 'desc' }: Asked['query'],
): readonly Row[] {
  const words = isSet(sort) ? sort.split(',') : [`${isSet(sort_key) ? sort_key : 'created_at'}:${sort_dir}`];
  const orders = [...words, 'id:desc'].map((word) => {
    const [key = '', direction = 'desc'] = word.trim().split(':');
    if (!/^(asc|desc)$/.test(direction))
      throw badRequest(`Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.`);
    const read = key === 'id' ? (row: Row) => row.id : own(sortKeys, key);
    if (!read) throw badRequest(`Invalid input received: Invalid sort key: ${key}`);
    return { read, sign: direction === 'asc' ? 1 : -1 };
  });
  return rows.toSorted((one, other) => {
    const decisive = orders.find(({ read }) => read(one) !== read(other));
    return decisive ? decisive.sign * compare(decisive.read(one), decisive.read(other)) : 0;
  });
}

function compare(one: string | number | null, other: string | number | null): number {
  if (one === null || other === null) return one === null ? -1 : 1;
  return one < other ? -1 : 1;
}

function limitOf({ limit }: Asked['query']): number {
  return Math.min(most, numberOf(limit, most, { name: 'limit param', least: 'positive' }));
}

function numberOf(text: string | undefined, unset: number, words: { readonly name: string; readonly least: string }) {
  if (!isSet(text)) return unset;
  if (/^-\d+$/.test(text)) throw badRequest(`${words.name} must be ${words.least}`);
  if (!/^\d+$/.test(text)) throw badRequest(`${words.name} must be an integer`);
  return Number(text);
}

function afterMarker(rows: readonly { readonly id: string }[], marker: string, what: string): number {
  if (!isSet(marker)) return 0;
  const at = rows.findIndex(({ id }) => id === marker);
  if (at < 0) throw notFound(what, marker);
  return at + 1;
}

const count = ({ query, version }: Asked, total: number) =>
  /^(true|1|yes|t|on|y)$/i.test(query.with_count ?? '') && atLeast(version, '3.45') ? { count: total } : {};

export const isTrue = (value: unknown): boolean => /^(true|1|yes|t|on|y)$/i.test(String(value));

/** `like` filters end in ~ and look for a part. */
export const textFilters = <Row>(name: string, read: (row: Row) => string | null) => ({
  [name]: (row: Row, value: string) => read(row) === value,
  [`${name}~`]: (row: Row, value: string) => read(row)?.includes(value) ?? false,
});

/** A dictionary as clients send it in a query: JSON's words, or Python's. */
export function dictionaryOf(text: string): Readonly<Record<string, string>> {
  const read =
    jsonOf(text) ?? jsonOf(text.replace(/u?'((?:[^'\\]|\\.)*)'/g, (_, inner: string) => JSON.stringify(inner)));
  if (read === null || typeof read !== 'object') throw badRequest(`Invalid input received: ${text} is no dictionary.`);
  return Object.fromEntries(Object.entries(read).map(([key, value]) => [key, String(value)]));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every pair of the one is in the other. */
export const hasAll = (row: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => own(row, key) === value);

/** `created_at=gte:2026-01-01,lt:2026-02-01` (3.60). */
export function timeFilter(at: number | null, value: string): boolean {
  return value.split(/,(?=(?:gte?|lte?|n?eq):)/).every((part) => {
    const [, operator = 'eq', text = part] = part.match(/^(gte?|lte?|n?eq):(.*)$/) ?? [];
    const ms = timeOf(text);
    if (ms === undefined) throw badRequest(`Invalid value for time comparison: ${value}`);
    return at !== null && (own(comparisons, operator)?.(at, ms) ?? false);
  });
}

const comparisons: Readonly<Record<string, (at: number, ms: number) => boolean>> = {
  gt: (at, ms) => at > ms,
  gte: (at, ms) => at >= ms,
  lt: (at, ms) => at < ms,
  lte: (at, ms) => at <= ms,
  eq: (at, ms) => Math.floor(at / 1000) === Math.floor(ms / 1000),
  neq: (at, ms) => Math.floor(at / 1000) !== Math.floor(ms / 1000),
};
