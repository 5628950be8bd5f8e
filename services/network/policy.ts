/** Neutron's rules. A rule with a colon is checked when that attribute is in the body, or before it is shown. */
import type { Caller } from '#shared/auth/caller.ts';
import { may, type Policy, policyOf } from '#shared/auth/policy.ts';
import { type Column, columnOf } from '#shared/db/condition.ts';
import defaults from './default-rules.json' with { type: 'json' };

/** A row of a network, of its own table or by the column `networkId`. */
const ofNetwork = (columns: (column: string) => Column) => ({
  'network:project_id': columns('projectId'),
  'network:shared': columns('shared'),
  'network:router:external': columns('external'),
});
const own = { project_id: 'projectId' };
const inNetwork = ofNetwork((column) => columnOf('networks', column, 'networkId'));

const changed = {
  // Targets name the attributes of their network `network:…`; Neutron looks up the fields of the network itself.
  shared: 'True:%(network:shared)s',
  external: 'True:%(network:router:external)s',
  external_network: 'True:%(network:router:external)s',
  // Neutron matches device_owner with a pattern, which targets hold as a flag.
  network_device: 'True:%(network_device)s',
  // Groups are shared by RBAC only, which is not implemented.
  shared_security_group: '!',
};

/** The rows that a caller sees are those for which it passes the get rule. */
export const policy: Policy = policyOf(defaults, changed, {
  get_network: { ...own, ...ofNetwork((column) => column) },
  get_subnet: { ...own, ...inNetwork },
  get_port: { ...own, ...inNetwork },
  get_address_scope: { ...own, shared: 'shared' },
  get_subnetpool: { ...own, shared: 'shared' },
  get_router: own,
  get_floatingip: own,
  get_security_group: own,
  get_security_group_rule: { 'security_group:project_id': columnOf('security_groups', 'projectId', 'groupId') },
  get_network_ip_availability: {},
});

/** What Neutron's database layer calls global access and service role: rows of every project may be seen and named. */
export const hasGlobalAccess = (caller: Caller): boolean =>
  ['context_is_admin', 'context_with_global_access', 'service_api'].some((rule) => may(caller, rule));
