/** Nova's security group API until 2.35, for old clients that look up a name. Reads from the network service. */

import type { GroupJson } from '#shared/clients/network.ts';
import { Fault } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { getServer } from '../servers/store.ts';

type Rule = NonNullable<GroupJson['security_group_rules']>[number];

/** Nova's groups have ingress rules only. */
const ruleView = (rule: Rule, names: ReadonlyMap<string, GroupJson>) => ({
  id: rule.id,
  parent_group_id: rule.security_group_id,
  ip_protocol: rule.protocol,
  from_port: rule.port_range_min,
  to_port: rule.port_range_max,
  ip_range: rule.remote_ip_prefix === null ? {} : { cidr: rule.remote_ip_prefix },
  group: groupOf(names.get(rule.remote_group_id ?? '')),
});

const groupOf = (group: GroupJson | undefined) =>
  group ? { name: group.name, tenant_id: group.project_id ?? group.tenant_id ?? '' } : {};

function groupViews(shown: readonly GroupJson[], known: readonly GroupJson[]) {
  const names = new Map(known.map((group) => [group.id, group]));
  return shown.map(({ id, name, description = '', project_id, tenant_id = '', security_group_rules: rules = [] }) => ({
    id,
    name,
    description,
    tenant_id: project_id ?? tenant_id,
    rules: rules.filter(({ direction }) => direction === 'ingress').map((rule) => ruleView(rule, names)),
  }));
}

const listGroups: Handler<Compute> = async ({ network }, { caller }) => {
  const groups = await network.listGroups({ project_id: caller.projectId ?? '' }, caller.token);
  return ok({ security_groups: groupViews(groups, groups) });
};

const showGroup: Handler<Compute, unknown, 'id'> = async ({ network }, { caller, params }) => {
  const id = params.id;
  const groups = await network.listGroups({ project_id: caller.projectId ?? '' }, caller.token);
  const [group] = groupViews(
    groups.filter((each) => each.id === id),
    groups,
  );
  if (!group) throw new Fault(404, 'notFound', `Security group ${id} not found.`);
  return ok({ security_group: group });
};

const listGroupsOfServer: Handler<Compute, unknown, 'id'> = async ({ db, network }, { caller, params }) => {
  const { groups, projectId } = await getServer(db, caller, params.id);
  const known = await network.listGroups({ project_id: projectId });
  const shown = known.filter(({ name }) => groups.includes(name));
  return ok({ security_groups: groupViews(shown, known) });
};

export const securityGroupRoutes: Route<Compute>[] = [
  {
    method: 'get',
    path: '/v2.1/os-security-groups',
    handler: listGroups,
    rule: 'os_compute_api:os-security-groups:get',
    until: '2.35',
  },
  {
    method: 'get',
    path: '/v2.1/os-security-groups/:id',
    handler: showGroup,
    rule: 'os_compute_api:os-security-groups:show',
    until: '2.35',
  },
  {
    method: 'get',
    path: '/v2.1/servers/:id/os-security-groups',
    handler: listGroupsOfServer,
    rule: 'os_compute_api:os-security-groups:list',
  },
];
