import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import { statesOf } from '../servers/states.ts';
import { isTrue, limitOf, timeParameter, unlessNone } from '../values.ts';
import { checkKeys } from './known-keys.ts';
import type { ServerFilter, SortColumn } from './store.ts';

interface ListCall {
  readonly caller: Caller;
  readonly version: Version;
  readonly query: Readonly<Record<string, string>>;
  readonly queries: Readonly<Record<string, readonly string[]>>;
  may(rule: string): boolean;
}

/** Filters for all callers, with their first version. All others are for administrators. */
const open: Readonly<Record<string, Version>> = {
  reservation_id: '2.1',
  name: '2.1',
  status: '2.1',
  image: '2.1',
  flavor: '2.1',
  ip: '2.1',
  'changes-since': '2.1',
  all_tenants: '2.1',
  ip6: '2.5',
  tags: '2.26',
  'tags-any': '2.26',
  'not-tags': '2.26',
  'not-tags-any': '2.26',
  'changes-before': '2.66',
  locked: '2.73',
  availability_zone: '2.83',
  config_drive: '2.83',
  key_name: '2.83',
  created_at: '2.83',
  launched_at: '2.83',
  terminated_at: '2.83',
  power_state: '2.83',
  task_state: '2.83',
  vm_state: '2.83',
  progress: '2.83',
  user_id: '2.83',
};

const sortColumns: Readonly<Record<string, SortColumn>> = {
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

const exact: Readonly<Record<string, string>> = {
  image: 'imageId',
  flavor: 'flavorId',
  host: 'host',
  node: 'host',
  reservation_id: 'reservationId',
  user_id: 'userId',
  uuid: 'id',
  vm_state: 'vmState',
  task_state: 'taskState',
  key_name: 'keyName',
  availability_zone: 'zone',
};

export function filterOf(call: ListCall): ServerFilter {
  const { version, query, queries } = call;
  checkKeys(version, queries);
  const all = call.may('os_compute_api:servers:allow_all_filters');
  const value = (name: string): string | undefined => {
    const since = own(open, name);
    return all || (since !== undefined && atLeast(version, since)) ? unlessNone(query[name]) : undefined;
  };
  const tags = (name: string) => (value(name) ?? '').split(',').filter(Boolean);
  const changedFrom = timeParameter('changes-since', value('changes-since'));
  const changedTo = timeParameter('changes-before', value('changes-before'));
  const states = statesRequested(value('status') === undefined ? [] : (queries.status ?? []), version);
  if (states?.some(({ vmState }) => vmState === 'deleted') && !all)
    throw new Fault(403, 'forbidden', 'Only administrators may list deleted instances');
  const locked = atLeast(version, '2.73') ? value('locked') : undefined;
  const ip = value('ip') ?? (atLeast(version, '2.5') || all ? value('ip6') : undefined);
  return {
    projectId: projectRequested(call),
    deleted: states?.some(({ vmState }) => vmState === 'deleted')
      ? true
      : deletedRequested(all ? unlessNone(query.deleted) : undefined, changedFrom),
    ...(states ? { states } : {}),
    equal: equalsRequested(value),
    like: likesRequested(value),
    ...(locked === undefined ? {} : { locked: isTrue(locked) }),
    ...(ip === undefined ? {} : { ip: ip.replace(/^\^/, '') }),
    tagsAll: tags('tags'),
    tagsAny: tags('tags-any'),
    notTagsAll: tags('not-tags'),
    notTagsAny: tags('not-tags-any'),
    ...(changedFrom === undefined ? {} : { changedFrom }),
    ...(changedTo === undefined ? {} : { changedTo }),
    sort: sortRequested(call),
    ...(unlessNone(query.marker) === undefined ? {} : { marker: query.marker ?? '' }),
    limit: limitOf(query.limit),
  };
}

type Value = (name: string) => string | undefined;

/** The project to list; null for all. Only administrators list other projects. */
function projectRequested({ caller, may, query }: ListCall): string | null {
  const named = unlessNone(query.tenant_id) ?? unlessNone(query.project_id);
  const everywhere = flagOf(unlessNone(query.all_tenants));
  const mayAll = may('os_compute_api:servers:index:get_all_tenants');
  if (everywhere && !mayAll)
    throw new Fault(
      403,
      'forbidden',
      "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.",
    );
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

/** changes-since includes deleted servers, unless the `deleted` filter is given. */
function deletedRequested(asked: string | undefined, changedFrom: number | undefined): boolean | null {
  if (asked !== undefined && asked !== '') return isTrue(asked);
  return changedFrom === undefined ? false : null;
}

/** Several statuses match any of them. */
function statesRequested(statuses: readonly string[], version: Version) {
  if (statuses.length === 0) return undefined;
  const known = statuses.flatMap((status) => statesOf(status) ?? []);
  if (known.length > 0 || statuses.some((status) => statesOf(status) !== undefined)) return known;
  if (atLeast(version, '2.38')) throw badRequest('Invalid status value');
  return [];
}

const equalsRequested = (value: Value) =>
  Object.fromEntries(
    Object.entries(exact).flatMap(([name, column]) => {
      const wanted = value(name);
      return wanted === undefined ? [] : [[column, name === 'image' ? (wanted.split('/').at(-1) ?? wanted) : wanted]];
    }),
  );

const likesRequested = (value: Value) =>
  Object.fromEntries(
    ['name', 'hostname', 'description'].flatMap((name) => {
      const wanted = value(name);
      return wanted === undefined ? [] : [[name, wanted]];
    }),
  );

/** Newest first by default; `sequence` is always the last key. */
function sortRequested({ queries }: ListCall): ServerFilter['sort'] {
  const keys = (queries.sort_key ?? []).filter((key) => unlessNone(key) !== undefined);
  const dirs = queries.sort_dir ?? [];
  const sort = keys.flatMap((key, at) => {
    const column = own(sortColumns, key);
    const order = dirs[at] ?? dirs.at(-1) ?? 'desc';
    if (order !== 'asc' && order !== 'desc') throw badRequest(`Unknown sort direction, must be one of: asc, desc`);
    return column === undefined ? [] : [{ column, order: order as 'asc' | 'desc' }];
  });
  const last = sort.at(-1)?.order ?? (dirs[0] === 'asc' ? 'asc' : 'desc');
  return [...sort, { column: 'sequence', order: last }];
}
