import type { Knex } from 'knex';
import { applyPage, beginIn, type Query, type Sort } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { LinearRegex } from '#shared/input/linear-regex.ts';
import { inColumn, tagFilters } from '#shared/resource/tags.ts';

export interface ServerList {
  /** Null: of all projects. */
  readonly projectId: string | null;
  readonly filters: readonly ((query: Query) => unknown)[];
  /** Patterns that a column must match, beside what SQL filters. */
  readonly patterns: readonly { readonly column: 'name' | 'hostname' | 'description'; readonly regex: LinearRegex }[];
  readonly sorts: readonly Sort[];
  readonly marker: string | undefined;
  readonly limit: number;
}

/** What a list needs before it renders anything. */
export interface Listed {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly host: string | null;
}

type Row = Listed & Readonly<Record<string, string | null>>;

/** How many rows are matched with patterns before other requests get their turn. */
const matchedAtOnce = 250;

/** One page. Patterns are not matched by the databases, which know different ones and may be made slow by a user. */
export async function listServers(db: Knex, list: ServerList): Promise<readonly Listed[]> {
  const { patterns, marker, limit, sorts } = list;
  if (marker !== undefined && sorts.length === 1 && patterns.length === 0) return pageBehind(db, list, marker);
  const first = marker === undefined ? undefined : await findMarker(db, list, marker);
  if (patterns.length === 0) return pageAfter(db, list, first, limit);
  const found: Listed[] = [];
  for (let after = first; ; ) {
    const rows = await pageAfter(db, list, after, matchedAtOnce);
    found.push(...rows.filter((row) => patterns.every(({ column, regex }) => regex.test(row[column] ?? ''))));
    if (found.length >= limit || rows.length < matchedAtOnce) return found.slice(0, limit);
    after = rows.at(-1);
  }
}

/** One statement for the page and its marker, in the order of creation: a marker read by itself costs a tenth of a page. */
async function pageBehind(db: Knex, list: ServerList, marker: string): Promise<readonly Row[]> {
  const query = queryOf(db, list);
  for (const { column, descending } of list.sorts)
    query.where(column, descending ? '<' : '>', markerOf(db, list, marker));
  applyPage(query, list);
  const rows: readonly Row[] = await query;
  if (rows.length === 0) await findMarker(db, list, marker);
  return rows;
}

async function pageAfter(db: Knex, list: ServerList, after: Row | undefined, limit: number): Promise<readonly Row[]> {
  const query = queryOf(db, list);
  applyPage(query, { sorts: list.sorts, limit, ...(after ? { after } : {}) });
  return query;
}

function queryOf(db: Knex, { projectId, filters, patterns, sorts }: ServerList): Query {
  const query = db('servers').select('id', 'version', 'name', 'host');
  query.select([...patterns, ...sorts].map(({ column }) => column));
  if (projectId !== null) query.where({ projectId });
  const isPlain = filters.length === 1; // those that are not deleted
  const order = sorts.map(({ column }) => column).join();
  if (isPlain && projectId !== null && order === 'sequence')
    beginIn(db, query, 'servers', ['projectId', 'deletedAt', 'sequence']);
  if (isPlain && projectId === null && order === 'name,sequence') beginIn(db, query, 'servers', ['name', 'sequence']);
  for (const narrow of filters) narrow(query);
  return query;
}

/** A server that the caller may not see is no marker. */
function markerOf(db: Knex, { projectId, sorts }: ServerList, id: string): Query {
  const query = db('servers').where({ id });
  if (projectId !== null) query.where({ projectId });
  return query.select(sorts.map(({ column }) => column));
}

async function findMarker(db: Knex, list: ServerList, id: string): Promise<Row> {
  const [row]: readonly Row[] = await markerOf(db, list, id);
  if (!row) throw badRequest(`marker [${id}] not found`);
  return row;
}

export const tagged = tagFilters(inColumn('tags'));

/** Text anywhere in a column. */
export const contains = (query: Query, column: string, text: string): Query =>
  query.whereRaw('instr(??, ?) > 0', [column, text]);
