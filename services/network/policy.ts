/** Neutron's rules. A rule with a colon is checked when that attribute is in the body, or before it is shown. */
import type { Caller } from '#shared/auth/caller.ts';
import { may, type Policy, policyOf } from '#shared/auth/policy.ts';
import { type Column, columnOf } from '#shared/db/condition.ts';
import defaults from './default-rules.json' with { type: 'json' };
import { type ObjectType, sharedBy } from './sharing/policy.ts';

/** A row of a network, of its own table or by the column `networkId`. */
const ofNetwork = (projectId: Column, from: string) => ({
  'network:project_id': projectId,
  'network:shared': sharedBy({ type: 'network', from }),
  'network:router:external': sharedBy({ type: 'network', from }, 'access_as_external'),
});
const ofParent = { 'ext_parent:project_id': 'projectId' };
const own = { project_id: 'projectId' };
const inNetwork = ofNetwork(columnOf('networks', 'projectId', 'networkId'), 'networkId');
const ownOrShared = (type: ObjectType) => ({ ...own, shared: sharedBy({ type, from: 'id' }) });

const changed = {
  // Targets name the attributes of their network `network:…`; Neutron looks up the fields of the network itself.
  shared: 'True:%(network:shared)s',
  external: 'True:%(network:router:external)s',
  external_network: 'True:%(network:router:external)s',
  // Neutron matches device_owner with a pattern, which targets hold as a flag.
  network_device: 'True:%(network_device)s',
};

/** The rows that a caller sees are those for which it passes the get rule. */
export const policy: Policy = policyOf(defaults, changed, {
  get_network: { ...own, ...ofNetwork('projectId', 'id') },
  get_subnet: { ...own, ...inNetwork },
  get_port: { ...own, ...inNetwork },
  get_address_scope: ownOrShared('address_scope'),
  get_policy: ownOrShared('qos_policy'),
  get_policy_bandwidth_limit_rule: ofParent,
  get_policy_dscp_marking_rule: ofParent,
  get_address_group: ownOrShared('address_group'),
  get_default_security_group_rule: {},
  get_subnetpool: ownOrShared('subnetpool'),
  get_router: own,
  get_floatingip: own,
  get_security_group: ownOrShared('security_group'),
  get_security_group_rule: { 'security_group:project_id': columnOf('security_groups', 'projectId', 'groupId') },
  get_network_ip_availability: {},
  get_floatingip_port_forwarding: ofParent,
  get_rbac_policy: own,
});

/** What Neutron's database layer calls global access and service role: rows of every project may be seen and named. */
export const hasGlobalAccess = (caller: Caller): boolean =>
  ['context_is_admin', 'context_with_global_access', 'service_api'].some((rule) => may(caller, rule));
