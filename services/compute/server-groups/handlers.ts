import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Call, type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { limitOf } from '../values.ts';
import { createGroup } from './operations.ts';
import { type GroupPolicy, getGroup, listGroups, listMembers, removeGroup, type ServerGroup } from './store.ts';
import { groupView } from './view.ts';

async function viewsOf({ db }: Compute, { version }: Pick<Call, 'version'>, groups: readonly ServerGroup[]) {
  const members = Map.groupBy(
    await listMembers(
      db,
      groups.map(({ id }) => id),
    ),
    ({ groupId }) => groupId,
  );
  return groups.map((group) =>
    groupView({ group, members: (members.get(group.id) ?? []).map(({ id }) => id) }, version),
  );
}

const listServerGroups: Handler<Compute> = async (compute, call) => {
  const { query, caller, authorize } = call;
  const everywhere = query.all_projects !== undefined;
  if (everywhere) authorize(`${rule}:index:all_projects`);
  const offset = Number(query.offset ?? 0);
  const page = { projectId: everywhere ? null : (caller.projectId ?? ''), limit: limitOf(query.limit), offset };
  return ok({ server_groups: await viewsOf(compute, call, await listGroups(compute.db, page)) });
};

const found = async (
  { db }: Compute,
  { caller, params, rule: asked, authorize }: Call<unknown, 'id'>,
): Promise<ServerGroup> => {
  const group = await getGroup(db, caller, params.id);
  if (asked !== null) authorize(asked, { project_id: group.projectId, user_id: group.userId });
  return group;
};

const showServerGroup: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const [server_group] = await viewsOf(compute, call, [await found(compute, call)]);
  return ok({ server_group });
};

interface CreateBody {
  readonly server_group: {
    readonly name: string;
    readonly policies?: readonly [GroupPolicy];
    readonly policy?: GroupPolicy;
    readonly rules?: { readonly max_server_per_host?: number | string };
  };
}

const createServerGroup: Handler<Compute, CreateBody> = async (compute, call) => {
  const { name, policies, policy = policies?.[0], rules = {} } = call.body.server_group;
  if (policy === undefined) throw badRequest("'policy' is a required property");
  if (policy.startsWith('soft-') && !atLeast(call.version, '2.15'))
    throw badRequest(
      `Invalid input for field/attribute 0. Value: ${policy}. '${policy}' is not one of ['anti-affinity', 'affinity']`,
    );
  const max = rules.max_server_per_host;
  const input = { name: name.trim(), policy, rules: max === undefined ? {} : { max_server_per_host: Number(max) } };
  const [server_group] = await viewsOf(compute, call, [await createGroup(compute, call.caller, input)]);
  return ok({ server_group });
};

const deleteServerGroup: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const { id } = await found(compute, call);
  await compute.db.transaction((tx) => removeGroup(tx, id));
  return noContent();
};

const path = '/v2.1/os-server-groups';
const rule = 'os_compute_api:os-server-groups';

export const serverGroupRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listServerGroups, rule: `${rule}:index` },
  { method: 'post', path, handler: createServerGroup, rule: `${rule}:create` },
  { method: 'get', path: `${path}/:id`, handler: showServerGroup, rule: `${rule}:show` },
  { method: 'delete', path: `${path}/:id`, handler: deleteServerGroup, rule: `${rule}:delete` },
];
