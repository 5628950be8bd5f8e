/** Short lists that are read whole: an administrator's tens of volume types. All others are pages: see store.ts. */
import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { isSet, limitOf, numberOf } from './values.ts';

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

function afterMarker(rows: readonly { readonly id: string }[], marker: string, what: string): number {
  if (!isSet(marker)) return 0;
  const at = rows.findIndex(({ id }) => id === marker);
  if (at < 0) throw notFound(what, marker);
  return at + 1;
}

const count = ({ query, version }: Asked, total: number) =>
  /^(true|1|yes|t|on|y)$/i.test(query.with_count ?? '') && atLeast(version, '3.45') ? { count: total } : {};

/** `like` filters end in ~ and look for a part. */
export const textFilters = <Row>(name: string, read: (row: Row) => string | null) => ({
  [name]: (row: Row, value: string) => read(row) === value,
  [`${name}~`]: (row: Row, value: string) => read(row)?.includes(value) ?? false,
});

/** Every pair of the one is in the other. */
export const hasAll = (row: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => own(row, key) === value);
