/** Nova's security group API until 2.35, for old clients that look up a name. Reads from the network service. */

import type { GroupJson } from '#shared/clients/network.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok, type Route } from '#shared/http/route.ts';
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

const listGroups: Handler<Compute> = async ({ network }, { caller, query, may }) => {
  const everywhere = query.all_tenants !== undefined && query.all_tenants !== '0' && may('context_is_admin');
  const groups = await network.listGroups(everywhere ? {} : { project_id: caller.projectId ?? '' }, caller.token);
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

const missing =
  (id: string) =>
  (error: unknown): never => {
    if (error instanceof Fault && error.status === 404)
      throw new Fault(404, 'notFound', `Security group ${id} not found.`);
    throw error;
  };

interface GroupBody {
  readonly security_group: { readonly name: string; readonly description?: string | null };
}

const textOf = ({ security_group: { name, description } }: GroupBody) => ({
  name,
  description: description ?? '',
});

const createGroup: Handler<Compute, GroupBody> = async ({ network }, { caller, body }) => {
  const request = { method: 'POST', body: { security_group: textOf(body) }, token: caller.token } as const;
  const { security_group } = await network.forward<{ security_group: GroupJson }>('security-groups', request);
  return ok({ security_group: groupViews([security_group], [security_group])[0] });
};

const updateGroup: Handler<Compute, GroupBody, 'id'> = async ({ network }, { caller, body, params }) => {
  const request = { method: 'PUT', body: { security_group: textOf(body) }, token: caller.token } as const;
  const path = `security-groups/${encodeURIComponent(params.id)}`;
  const { security_group } = await network
    .forward<{ security_group: GroupJson }>(path, request)
    .catch(missing(params.id));
  return ok({ security_group: groupViews([security_group], [security_group])[0] });
};

const deleteGroup: Handler<Compute, unknown, 'id'> = async ({ network }, { caller, params }) => {
  const path = `security-groups/${encodeURIComponent(params.id)}`;
  await network.forward(path, { method: 'DELETE', token: caller.token }).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 409) throw badRequest(error.message);
    missing(params.id)(error);
  });
  return accepted();
};

interface RuleBody {
  readonly security_group_rule: {
    readonly parent_group_id: string;
    readonly ip_protocol?: string | null;
    readonly from_port?: number | string | null;
    readonly to_port?: number | string | null;
    readonly cidr?: string | null;
    readonly group_id?: string | null;
  };
}

const createRule: Handler<Compute, RuleBody> = async ({ network }, { caller, body }) => {
  const sent = body.security_group_rule;
  const { parent_group_id: group, group_id: remote = null, cidr } = sent;
  const request = { method: 'POST', body: { security_group_rule: networkRule(sent) }, token: caller.token } as const;
  const made = await network
    .forward<{ security_group_rule: Rule }>('security-group-rules', request)
    .catch((error: unknown) => {
      if (error instanceof Fault && error.status === 409) throw badRequest(error.message);
      return missing(group)(error);
    });
  const groups = await network.listGroups({ project_id: caller.projectId ?? '' }, caller.token);
  const names = new Map(groups.map((each) => [each.id, each]));
  const view = ruleView(made.security_group_rule, names);
  return ok({ security_group_rule: remote === null && !cidr ? { ...view, ip_range: { cidr: '0.0.0.0/0' } } : view });
};

/** Without a remote group and a range all addresses of IPv4 are meant. */
function networkRule(sent: RuleBody['security_group_rule']) {
  const { parent_group_id, ip_protocol, from_port, to_port, group_id, cidr } = sent;
  const portOf = (port: number | string | null | undefined, what: string) => {
    if (port === null || port === undefined || port === '') return null;
    if (!/^-?\d+$/.test(String(port))) throw badRequest(`Invalid ${what}: ${port}`);
    return Number(port) === -1 ? null : Number(port);
  };
  const range = group_id ? {} : { remote_ip_prefix: cidr || '0.0.0.0/0' };
  return {
    security_group_id: parent_group_id,
    direction: 'ingress',
    ethertype: range.remote_ip_prefix?.includes(':') ? 'IPv6' : 'IPv4',
    protocol: ip_protocol?.toLowerCase() ?? null,
    port_range_min: portOf(from_port, 'from_port'),
    port_range_max: portOf(to_port, 'to_port'),
    ...range,
    ...(group_id ? { remote_group_id: group_id } : {}),
  };
}

const deleteRule: Handler<Compute, unknown, 'id'> = async ({ network }, { caller, params }) => {
  const path = `security-group-rules/${encodeURIComponent(params.id)}`;
  await network.forward(path, { method: 'DELETE', token: caller.token }).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404)
      throw new Fault(404, 'notFound', `Security group rule ${params.id} not found.`);
    throw error;
  });
  return accepted();
};

const listGroupsOfServer: Handler<Compute, unknown, 'id'> = async ({ db, network }, { caller, params }) => {
  const { groups, projectId } = await getServer(db, caller, params.id);
  const known = await network.listGroups({ project_id: projectId });
  const shown = known.filter(({ name }) => groups.includes(name));
  return ok({ security_groups: groupViews(shown, known) });
};

const until = '2.35';
const path = '/v2.1/os-security-groups';
const rulesPath = '/v2.1/os-security-group-rules';
const policy = 'os_compute_api:os-security-groups';

export const securityGroupRoutes: Route<Compute>[] = [
  { method: 'post', path, handler: createGroup, rule: `${policy}:create`, until },
  { method: 'put', path: `${path}/:id`, handler: updateGroup, rule: `${policy}:update`, until },
  { method: 'delete', path: `${path}/:id`, handler: deleteGroup, rule: `${policy}:delete`, until },
  { method: 'post', path: rulesPath, handler: createRule, rule: `${policy}:rule:create`, until },
  { method: 'delete', path: `${rulesPath}/:id`, handler: deleteRule, rule: `${policy}:rule:delete`, until },
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
