import { setImmediate as giveWay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { applyPage, type Query, type Sort } from '#shared/db/page.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type LinearRegex, linearRegex, RegexError } from '#shared/input/linear-regex.ts';
import type { TaskState, VmState } from '../servers/states.ts';

/** A column that servers are sorted by. */
export type SortColumn =
  | 'sequence'
  | 'createdAt'
  | 'updatedAt'
  | 'launchedAt'
  | 'terminatedAt'
  | 'id'
  | 'name'
  | 'hostname'
  | 'host'
  | 'imageId'
  | 'flavorId'
  | 'keyName'
  | 'projectId'
  | 'userId'
  | 'vmState'
  | 'taskState'
  | 'powerState'
  | 'zone'
  | 'vcpus'
  | 'ramMb'
  | 'lockedBy'
  | 'description'
  | 'launchIndex'
  | 'accessIpv4'
  | 'accessIpv6'
  | 'configDrive';

export interface ServerFilter {
  /** Null: of all projects. */
  readonly projectId: string | null;
  readonly deleted: boolean | null;
  readonly states?: readonly { readonly vmState: VmState; readonly taskState?: TaskState }[];
  /** Column to value. */
  readonly equal: Readonly<Record<string, string | number | boolean | null>>;
  /** Column to a pattern that its text must match, as with MySQL's REGEXP: text anywhere, or a regular expression. */
  readonly like: Readonly<Record<string, string>>;
  readonly locked?: boolean;
  readonly ip?: string;
  readonly tagsAll: readonly string[];
  readonly tagsAny: readonly string[];
  readonly notTagsAll: readonly string[];
  readonly notTagsAny: readonly string[];
  readonly changedFrom?: number;
  readonly changedTo?: number;
  readonly sort: readonly { readonly column: SortColumn; readonly order: 'asc' | 'desc' }[];
  readonly marker?: string;
  readonly limit: number;
}

/** What a list needs before it renders anything. */
export interface Listed {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly host: string | null;
}

export async function listServers(db: Knex, filter: ServerFilter): Promise<Listed[]> {
  const patterns = Object.entries(filter.like).filter(([, text]) => !isPlain(text));
  const matches = patterns.map(([column, text]) => ({ column, regex: regexOf(column, text) }));
  const found: Query = db('servers').select('id', 'version', 'name', 'host', ...matches.map(({ column }) => column));
  narrow(found, filter);
  const after = filter.marker === undefined ? {} : { after: await findMarker(db, filter, filter.marker) };
  const limit = matches.length === 0 ? { limit: filter.limit } : {};
  applyPage(found, { sorts: sortsOf(filter), ...after, ...limit });
  return (await matching((await found) as Listed[], matches)).slice(0, filter.limit);
}

const neverNull: ReadonlySet<SortColumn> = new Set(['sequence', 'id', 'createdAt', 'name', 'projectId']);

/** By id in the end: no two rows are equal then. */
const sortsOf = ({ sort }: ServerFilter): Sort[] => [
  ...sort.map(({ column, order }) => ({ column, descending: order === 'desc', notNull: neverNull.has(column) })),
  { column: 'id', descending: false, notNull: true },
];

/** A server that the caller may not see is no marker. */
async function findMarker(db: Knex, { projectId }: ServerFilter, id: string): Promise<Record<string, unknown>> {
  const row = await db('servers')
    .where(projectId === null ? { id } : { id, projectId })
    .first();
  if (!row) throw badRequest(`marker [${id}] not found`);
  return row;
}

type Matches = readonly { readonly column: string; readonly regex: LinearRegex }[];

const atOnceMs = 5;

/** Gives way to other requests now and then: a pattern over many names takes longer than they should wait. */
async function matching(rows: readonly Listed[], matches: Matches): Promise<readonly Listed[]> {
  if (matches.length === 0) return rows;
  const fitting: Listed[] = [];
  let begun = performance.now();
  for (const row of rows) {
    const texts = row as unknown as Readonly<Record<string, string | null>>;
    if (matches.every(({ column, regex }) => regex.test(texts[column] ?? ''))) fitting.push(row);
    if (performance.now() - begun < atOnceMs) continue;
    await giveWay();
    begun = performance.now();
  }
  return fitting;
}

function narrow(found: Query, filter: ServerFilter): void {
  const { projectId, deleted, states, equal, like, locked, ip, changedFrom, changedTo } = filter;
  if (projectId !== null) found.where({ projectId });
  if (deleted === false) found.whereNull('deletedAt');
  if (deleted === true) found.whereNotNull('deletedAt');
  if (states)
    found.where((any) => {
      any.whereRaw('1 = 0');
      for (const state of states) any.orWhere({ ...state });
    });
  found.where({ ...equal });
  for (const [column, text] of Object.entries(like))
    if (isPlain(text)) found.whereRaw(`instr(${snake(column)}, ?) > 0`, [text]);
  if (locked === true) found.whereNotNull('lockedBy');
  if (locked === false) found.whereNull('lockedBy');
  if (ip !== undefined) found.whereRaw('instr(addresses, ?) > 0', [`"addr":"${ip.replace(/[^0-9a-fA-F:.]/g, '')}`]);
  if (changedFrom !== undefined) found.where('updatedAt', '>=', changedFrom);
  if (changedTo !== undefined) found.where('updatedAt', '<=', changedTo);
  tagged(found, filter);
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const isPlain = (pattern: string) => !/[\\^$.*|?+()[\]{}]/.test(pattern);

/** Two databases know two kinds of patterns, and either may be made slow by a user: ours are matched here. */
function regexOf(column: string, pattern: string): LinearRegex {
  try {
    return linearRegex(pattern);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw badRequest(
      `Invalid input for query parameters ${column}. Value: ${pattern}. It is no pattern that servers can be found by: ${error.message}.`,
    );
  }
}

/** Tags stand in one column as a JSON list; a quoted tag is found in it as it stands. */
function tagged(found: Query, { tagsAll, tagsAny, notTagsAll, notTagsAny }: ServerFilter): void {
  const has = 'instr(tags, ?) > 0';
  const quoted = (tag: string) => [JSON.stringify(tag)];
  for (const tag of tagsAll) found.whereRaw(has, quoted(tag));
  if (tagsAny.length > 0)
    found.where((any) => {
      for (const tag of tagsAny) any.orWhereRaw(has, quoted(tag));
    });
  if (notTagsAll.length > 0)
    found.whereNot((all) => {
      for (const tag of notTagsAll) all.whereRaw(has, quoted(tag));
    });
  for (const tag of notTagsAny) found.whereRaw('instr(tags, ?) = 0', quoted(tag));
}
