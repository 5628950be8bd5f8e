import { setImmediate as lock } from 'node:timers/promises';
import type { Knex } from 'knex';
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

type Query = Knex.QueryBuilder;

export async function listServers(db: Knex, filter: ServerFilter): Promise<Listed[]> {
  const patterns = Object.entries(filter.like).filter(([, text]) => !isPlain(text));
  const matches = patterns.map(([column, text]) => ({ column, regex: regexOf(column, text) }));
  const found: Query = db('servers');
  narrow(found, filter);
  for (const { column, order } of filter.sort) found.orderBy(column, order);
  found.select('id', 'version', 'name', 'host', ...matches.map(({ column }) => column));
  if (filter.marker === undefined && matches.length === 0) return found.limit(filter.limit);
  const rows = await matching((await found) as Listed[], matches);
  if (filter.marker === undefined) return rows.slice(0, filter.limit);
  const at = rows.findIndex(({ id }) => id === filter.marker);
  if (at < 0) throw badRequest(`marker [${filter.marker}] not found`);
  return rows.slice(at + 1, at + 1 + filter.limit);
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
    await lock();
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
