/** The query of a list of servers, read once: filters, patterns, sorts and page. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Query, Sort } from '#shared/db/page.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { linearRegex, RegexError } from '#shared/input/linear-regex.ts';
import { own } from '#shared/input/own.ts';
import { powerStatesOf, statesOf } from '../servers/states.ts';
import { isTrue, limitOf, timeParameter, unlessNone } from '../values.ts';
import { checkKeys } from './known-keys.ts';
import { contains, type ServerList, tagged } from './store.ts';

type ListCall = Pick<Call, 'caller' | 'version' | 'query' | 'queries' | 'may' | 'authorize'>;

interface Filter {
  /** The first version in which all callers may use it; null: it is for those who may use all filters. */
  readonly since: Version | null;
  narrow(query: Query, value: string): unknown;
}

const equal = (column: string, since: Version | null): Filter => ({
  since,
  narrow: (query, value) => query.where(column, value),
});
const changed = (name: string, operator: '>=' | '<=', since: Version): Filter => ({
  since,
  narrow: (query, value) => query.where('updatedAt', operator, timeParameter(name, value) ?? 0),
});
const tag = (name: keyof typeof tagged): Filter => ({
  since: '2.26',
  narrow: (query, value) => tagged[name](query, [value]),
});
const address = (since: Version): Filter => ({
  since,
  narrow: (query, value) => contains(query, 'addresses', `"addr":"${value.replace(/[^0-9a-fA-F:.]/g, '')}`),
});

/** Nova compares whole seconds. */
const second = (name: string, column: string, since: Version): Filter => ({
  since,
  narrow: (query, value) => {
    const begin = timeParameter(name, value) ?? 0;
    return query.where(column, '>=', begin).where(column, '<', begin + 1_000);
  },
});
const power: Filter = {
  since: '2.83',
  narrow: (query, value) => {
    const states = powerStatesOf(Number(value));
    return query.where((any: Query) => {
      any.whereIn(
        'powerState',
        states.filter((state) => state !== null),
      );
      if (states.includes(null)) any.orWhereNull('powerState');
    });
  },
};
/** Servers have one value of an attribute that no row holds. */
const constant = (held: string, since: Version | null): Filter => ({
  since,
  narrow: (query, value) => (value === held ? query : query.whereIn('id', [])),
});

const filters: Readonly<Record<string, Filter>> = {
  image: { since: '2.1', narrow: (query, value) => query.where('imageId', value.split('/').at(-1) ?? '') },
  flavor: equal('flavorId', '2.1'),
  reservation_id: equal('reservationId', '2.1'),
  host: equal('host', null),
  node: equal('host', null),
  uuid: equal('id', null),
  user_id: equal('userId', '2.83'),
  vm_state: equal('vmState', '2.83'),
  task_state: equal('taskState', '2.83'),
  key_name: equal('keyName', '2.83'),
  availability_zone: equal('zone', '2.83'),
  config_drive: { since: '2.83', narrow: (query, value) => query.where('configDrive', isTrue(value)) },
  power_state: power,
  progress: constant('0', '2.83'),
  created_at: second('created_at', 'createdAt', '2.83'),
  launched_at: second('launched_at', 'launchedAt', '2.83'),
  terminated_at: second('terminated_at', 'terminatedAt', '2.83'),
  launch_index: equal('launchIndex', null),
  image_ref: equal('imageId', null),
  access_ip_v4: equal('accessIpv4', null),
  access_ip_v6: equal('accessIpv6', null),
  locked_by: equal('lockedBy', null),
  root_device_name: equal('rootDevice', null),
  kernel_id: constant('', null),
  ramdisk_id: constant('', null),
  ip: address('2.1'),
  ip6: address('2.5'),
  tags: tag('tags'),
  'tags-any': tag('tags-any'),
  'not-tags': tag('not-tags'),
  'not-tags-any': tag('not-tags-any'),
  'changes-since': changed('changes-since', '>=', '2.1'),
  'changes-before': changed('changes-before', '<=', '2.66'),
};

/** Text anywhere, or a regular expression. */
const patterns = {
  name: { column: 'name', since: '2.1' },
  display_name: { column: 'name', since: null },
  hostname: { column: 'hostname', since: null },
  description: { column: 'description', since: null },
  display_description: { column: 'description', since: null },
} as const;

const sortColumns: Readonly<Record<string, string>> = {
  access_ip_v4: 'accessIpv4',
  access_ip_v6: 'accessIpv6',
  availability_zone: 'zone',
  config_drive: 'configDrive',
  created_at: 'createdAt',
  display_description: 'description',
  display_name: 'name',
  name: 'name',
  host: 'host',
  hostname: 'hostname',
  image_ref: 'imageId',
  instance_type_id: 'flavorId',
  key_name: 'keyName',
  launch_index: 'launchIndex',
  launched_at: 'launchedAt',
  power_state: 'powerState',
  project_id: 'projectId',
  task_state: 'taskState',
  terminated_at: 'terminatedAt',
  updated_at: 'updatedAt',
  user_id: 'userId',
  uuid: 'id',
  vm_state: 'vmState',
  locked: 'lockedBy',
};

const neverNull: ReadonlySet<string> = new Set(['sequence', 'id', 'createdAt', 'name', 'projectId']);

export function serverListOf(call: ListCall): ServerList {
  const { version, query, queries } = call;
  checkKeys(version, queries);
  const mayAll = call.may('os_compute_api:servers:allow_all_filters');
  const value = (name: string, since: Version | null) =>
    mayAll || (since !== null && atLeast(version, since)) ? unlessNone(query[name]) : undefined;
  const asked = Object.entries(filters).flatMap(([name, { since, narrow }]) => {
    const sent = value(name, since);
    return sent === undefined ? [] : [(rows: Query) => narrow(rows, sent)];
  });
  const matched = Object.entries(patterns).flatMap(([name, { column, since }]) => {
    const sent = value(name, since);
    return sent === undefined ? [] : [{ column, text: sent }];
  });
  const plain = matched.filter(({ text }) => isPlain(text));
  const locked = atLeast(version, '2.73') ? value('locked', '2.73') : undefined;
  return {
    projectId: projectRequested(call),
    filters: [
      ...asked,
      ...plain.map(
        ({ column, text }) =>
          (rows: Query) =>
            contains(rows, column, text),
      ),
      ...statesRequested(value('status', '2.1') === undefined ? [] : (queries.status ?? []), call, mayAll),
      ...(locked === undefined
        ? []
        : [(rows: Query) => rows[isTrue(locked) ? 'whereNotNull' : 'whereNull']('lockedBy')]),
    ],
    patterns: matched
      .filter(({ text }) => !isPlain(text))
      .map(({ column, text }) => ({ column, regex: regexOf(column, text) })),
    sorts: sortRequested(call),
    marker: unlessNone(query.marker),
    limit: limitOf(query.limit),
  };
}

const isPlain = (pattern: string) => !/[\\^$.*|?+()[\]{}]/.test(pattern);

function regexOf(name: string, pattern: string) {
  try {
    return linearRegex(pattern);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw badRequest(
      `Invalid input for query parameters ${name}. Value: ${pattern}. It is no pattern that servers can be found by: ${error.message}.`,
    );
  }
}

/** The project to list; null for all. Only administrators list other projects. */
function projectRequested({ caller, authorize, query }: ListCall): string | null {
  const named = unlessNone(query.tenant_id) ?? unlessNone(query.project_id);
  const everywhere = flagOf(unlessNone(query.all_tenants));
  if (everywhere) authorize('os_compute_api:servers:index:get_all_tenants');
  return everywhere ? (named ?? null) : (caller.projectId ?? '');
}

/** A key without a value is true, as in Nova. */
function flagOf(text: string | undefined): boolean {
  if (text === undefined) return false;
  if (text === '' || isTrue(text)) return true;
  if (/^(0|f|false|n|no|off)$/i.test(text)) return false;
  throw badRequest(
    `Unrecognized value '${text}', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'`,
  );
}

/** Several statuses match any of them. Deleted servers are listed by status, by `deleted`, and by changes-since. */
function statesRequested(statuses: readonly string[], { version, query }: ListCall, mayAll: boolean) {
  const known = statuses.map(statesOf);
  if (statuses.length > 0 && known.every((each) => each === undefined) && atLeast(version, '2.38'))
    throw badRequest('Invalid status value');
  const states = known.flatMap((each) => each ?? []);
  const ofDeleted = states.some(({ vmState }) => vmState === 'deleted');
  if (ofDeleted && !mayAll) throw new Fault(403, 'forbidden', 'Only administrators may list deleted instances');
  const flag = (mayAll && unlessNone(query.deleted)) || undefined;
  const both = flag === undefined && unlessNone(query['changes-since']) !== undefined;
  const deleted = ofDeleted || isTrue(flag);
  const showsSoft =
    deleted || both || states.some(({ vmState }) => vmState === 'soft-delete') || isTrue(query.soft_deleted ?? false);
  return [
    ...(both && !ofDeleted ? [] : [(rows: Query) => rows[deleted ? 'whereNotNull' : 'whereNull']('deletedAt')]),
    ...(showsSoft ? [] : [(rows: Query) => rows.whereNot({ vmState: 'soft-delete' })]),
    ...(statuses.length === 0 ? [] : [(rows: Query) => rows.where((any: Query) => anyOf(any, states))]),
  ];
}

function anyOf(any: Query, states: readonly object[]): void {
  any.whereIn('id', []);
  for (const state of states) any.orWhere({ ...state });
}

/** Newest first by default; `sequence` is always the last key. */
function sortRequested({ queries }: ListCall): Sort[] {
  const keys = (queries.sort_key ?? []).filter((key) => unlessNone(key) !== undefined);
  const dirs = queries.sort_dir ?? [];
  const sorts = keys.flatMap((key, at) => {
    const column = own(sortColumns, key);
    const order = dirs[at] ?? dirs.at(-1) ?? 'desc';
    if (order !== 'asc' && order !== 'desc') throw badRequest(`Unknown sort direction, must be one of: asc, desc`);
    return column === undefined ? [] : [{ column, descending: order === 'desc', notNull: neverNull.has(column) }];
  });
  const descending = sorts.at(-1)?.descending ?? dirs[0] !== 'asc';
  return [...sorts, { column: 'sequence', descending, notNull: true }];
}
