/** One page of a table: what the caller may see, filtered, sorted and cut in SQL. */
import type { Knex } from 'knex';
import { applyPage, countRows, type Query } from '#shared/db/page.ts';
import { notFound } from '#shared/errors/fault.ts';
import { type Asked, type Filter, filtersOf, type Listing, rangeOf, sortsOf, wantsCount } from './query.ts';
import { dictionaryOf, isTrue, timeRanges } from './values.ts';

interface Page<Row> {
  readonly rows: readonly Row[];
  /** `<collection>_links` and `count`, where the answer has them. */
  readonly extra: Readonly<Record<string, unknown>>;
}

type Stored = Record<string, unknown> & { readonly id: string };

/** `scope` are columns and values of all that the caller may see; `read` makes a row of what is stored. */
export async function listPage<Row>(
  db: Knex,
  listing: Listing,
  scope: Readonly<Record<string, unknown>>,
  asked: Asked,
  read: (stored: never) => Row,
): Promise<Page<Row>> {
  const { marker, offset, limit } = rangeOf(asked);
  const sorts = sortsOf(listing, asked.query);
  const query = db(listing.table).where(scope);
  for (const { filter, value, isPart } of filtersOf(listing, asked)) {
    if (isPart) searchPart(query, filter, value);
    else narrow(query, filter, value);
  }
  const count = wantsCount(asked) ? { count: await countRows(query) } : {};
  const after = marker === undefined ? {} : { after: await findMarker(db, listing, scope, marker) };
  applyPage(query, { sorts, limit, offset, ...after });
  const found = (await query) as Stored[];
  const links = asked.page(
    listing.collection,
    found.map(({ id }) => id),
    limit,
  );
  return { rows: found.map((row) => read(row as never)), extra: { ...count, ...links } };
}

/** A row that the caller may not see is no marker: where a page begins would tell of it. */
async function findMarker(db: Knex, { table, what }: Listing, scope: Readonly<Record<string, unknown>>, id: string) {
  const row = (await db(table)
    .where({ ...scope, id })
    .first()) as Stored | undefined;
  if (!row) throw notFound(what, id);
  return row;
}

/** Only texts are searched; of the others the value itself counts. */
function searchPart(query: Query, filter: Filter, value: string): void {
  if (typeof filter === 'function' || filter.kind !== 'text') narrow(query, filter, value);
  else query.whereRaw('instr(??, ?) > 0', [filter.column, value]);
}

function narrow(query: Query, filter: Filter, value: string): void {
  if (typeof filter === 'function') filter(query, value);
  else if (filter.kind === 'constant') keepIf(query, filter.is(value));
  else byColumn(query, filter.kind, filter.column, value);
}

type Kind = Extract<Filter, { column: string }>['kind'];

function byColumn(query: Query, kind: Kind, column: string, value: string): void {
  if (kind === 'pairs') hasPairs(query, column, value);
  else if (kind === 'time')
    for (const { operator, at } of timeRanges(value)) query.where(column, operator, at as number);
  else if (kind === 'boolean') query.where(column, isTrue(value));
  else if (kind !== 'number') query.where(column, value);
  else if (/^\d{1,15}$/.test(value)) query.where(column, Number(value));
  else keepIf(query, false);
}

const keepIf = (query: Query, holds: boolean) => void (holds || query.whereRaw('1 = 0'));

/** A pair as JSON.stringify writes it stands in the text of a dictionary that has it, and in no other. */
function hasPairs(query: Query, column: string, value: string): void {
  for (const pair of Object.entries(dictionaryOf(value)))
    query.whereRaw('instr(??, ?) > 0', [column, JSON.stringify(Object.fromEntries([pair])).slice(1, -1)]);
}
