import { atLeast } from '#shared/api/versions.ts';
import { accepted, type Call, type Handler, type Route } from '#shared/http/route.ts';
import { actionsOn, type Finding } from '#shared/resource/actions.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { listedBy, permitted } from '../listing/scope.ts';
import { isTrue } from '../listing/values.ts';
import { volumeRows } from '../volumes/resource.ts';
import { type CopyInput, copyGroup } from './copy.ts';
import { createGroup, deleteGroup, type GroupChange, type GroupInput, resetGroup, updateGroup } from './operations.ts';
import { type Group, group, groupSummary, groupView } from './resource.ts';
import { getGroup } from './store.ts';

const since = '3.13';
const path = '/groups';

const find = async ({ db }: Volumes, call: Finding) => permitted(call, await getGroup(db, call.caller, call.params.id));

/** From 3.25 with `list_volume` also the ids of its volumes. */
async function enrich({ db }: Volumes, { query, version }: Pick<Call, 'query' | 'version'>, rows: readonly Group[]) {
  if (!atLeast(version, '3.25') || !isTrue(query.list_volume ?? '')) return rows;
  const volumes = Map.groupBy(await volumeRows.list(db, { groupId: rows.map(({ id }) => id) }), (each) => each.groupId);
  return rows.map((row) => ({ ...row, volumes: (volumes.get(row.id) ?? []).map(({ id }) => id) }));
}

const view: typeof groupView = (row, seen) => ({
  ...groupView(row, seen),
  ...('volumes' in row ? { volumes: row.volumes } : {}),
});

const create: Handler<Volumes, { group: GroupInput }> = async (service, call) => {
  const made = await createGroup(service, call.caller, call.body.group);
  return accepted({ group: groupSummary(made, call) });
};

const copy: Handler<Volumes, { 'create-from-src': CopyInput }> = async (service, call) => {
  const made = await copyGroup(service, call.caller, call.body['create-from-src']);
  return accepted({ group: groupSummary(made, call) });
};

const update: Handler<Volumes, { group: GroupChange }, 'id'> = async (service, call) => {
  await updateGroup(service, await find(service, call), call.body.group);
  return accepted();
};

const act = actionsOn(`${path}/:id/action`, find);

export const groupRoutes: Route<Volumes>[] = [
  ...plainRoutes<Volumes, Group, Record<never, never>>({
    one: 'group',
    many: 'groups',
    path,
    since,
    attributes: {},
    rules: { list: 'group:get_all', show: 'group:get' },
    page: ({ db }, call) => listPage(db, group, listedBy(call, 'group:get_all'), call),
    find,
    enrich,
    view,
    brief: groupSummary,
  }),
  { method: 'post', path, handler: create, rule: 'group:create', since },
  {
    method: 'post',
    path: `${path}/action`,
    action: 'create-from-src',
    handler: copy,
    rule: 'group:create',
    since: '3.14',
  },
  { method: 'put', path: `${path}/:id`, handler: update, rule: 'group:update', since },
  {
    ...act('delete', 'group:delete', (service, row, input: { 'delete-volumes'?: boolean | string }, { caller }) =>
      deleteGroup(service, caller, row, isTrue(input['delete-volumes'] ?? false)),
    ),
    since,
  },
  { ...act('reset_status', 'group:reset_status', resetGroup), since: '3.20' },
];
