import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
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
  /** Column to a pattern as MySQL's REGEXP is used by clients: text anywhere, `^`, `$`, `.` and `.*`. */
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
  const found: Query = db('servers');
  narrow(found, filter);
  for (const { column, order } of filter.sort) found.orderBy(column, order);
  if (filter.marker === undefined) return found.limit(filter.limit).select('id', 'version', 'name', 'host');
  const rows = (await found.select('id', 'version', 'name', 'host')) as Listed[];
  const at = rows.findIndex(({ id }) => id === filter.marker);
  if (at < 0) throw badRequest(`marker [${filter.marker}] not found`);
  return rows.slice(at + 1, at + 1 + filter.limit);
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
  for (const [column, pattern] of Object.entries(like)) matching(found, column, pattern);
  if (locked === true) found.whereNotNull('lockedBy');
  if (locked === false) found.whereNull('lockedBy');
  if (ip !== undefined) found.whereRaw('instr(addresses, ?) > 0', [`"addr":"${ip.replace(/[^0-9a-fA-F:.]/g, '')}`]);
  if (changedFrom !== undefined) found.where('updatedAt', '>=', changedFrom);
  if (changedTo !== undefined) found.where('updatedAt', '<=', changedTo);
  tagged(found, filter);
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Plain text is looked for as it stands; the rest becomes LIKE, which no pattern can make slow. */
function matching(found: Query, column: string, pattern: string): void {
  if (!/[\\^$.*|?+()[\]{}]/.test(pattern)) return void found.whereRaw(`instr(${snake(column)}, ?) > 0`, [pattern]);
  const [head, tail] = [pattern.startsWith('^'), pattern.endsWith('$') && !pattern.endsWith('\\$')];
  const middle = pattern.slice(head ? 1 : 0, tail ? -1 : undefined);
  const like = middle.replace(/\\(.)|\.\*|\.|[%_]|\\/g, (part, escaped?: string) => {
    if (escaped !== undefined) return /[%_!]/.test(escaped) ? `!${escaped}` : escaped;
    if (part === '.*') return '%';
    if (part === '.') return '_';
    return `!${part}`;
  });
  found.whereRaw(`${snake(column)} LIKE ? ESCAPE '!'`, [`${head ? '' : '%'}${like}${tail ? '' : '%'}`]);
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
