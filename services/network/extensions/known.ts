/** The extensions of this API. An alias is listed only when the whole extension is implemented. */
export interface Extension {
  readonly alias: string;
  readonly name: string;
  readonly description: string;
  readonly updated: string;
}

const extension = (alias: string, name: string, description: string, updated: string): Extension => ({
  alias,
  name,
  description,
  updated: `${updated}T10:00:00-00:00`,
});

export const extensions: readonly Extension[] = [
  extension('address-group', 'Address group', 'Addresses that rules name together.', '2020-07-15'),
  extension('address-scope', 'Address scope', 'Addresses that do not overlap.', '2015-07-26'),
  extension('agent', 'agent', 'Agents and whether they are alive.', '2013-02-03'),
  extension('allowed-address-pairs', 'Allowed Address Pairs', 'Further addresses a port may use.', '2013-07-23'),
  extension(
    'allowed-address-pairs-atomic',
    'Allowed Address Pairs atomic',
    'Pairs are added and removed one by one.',
    '2021-03-01',
  ),
  extension('availability_zone', 'Availability Zone', 'Zones of networks and routers.', '2015-01-01'),
  extension(
    'availability_zone_filter',
    'Availability Zone Filter Extension',
    'Zones by name, resource and state.',
    '2018-06-22',
  ),
  extension('binding', 'Port Binding', 'The host of a port and how to plug into it.', '2014-02-03'),
  extension('binding-extended', 'Port Bindings Extended', 'Several hosts for one port.', '2017-07-17'),
  extension(
    'ext-gw-mode',
    'Neutron L3 Configurable external gateway mode',
    'SNAT on a gateway can be switched off.',
    '2013-03-28',
  ),
  extension('external-net', 'Neutron external network', 'Networks that lead outside.', '2013-01-14'),
  extension('extraroute', 'Neutron Extra Route', 'Routes of a router.', '2013-02-01'),
  extension(
    'extraroute-atomic',
    'Atomically add/remove extra routes',
    'Routes are added and removed one by one.',
    '2019-07-10',
  ),
  extension(
    'filter-validation',
    'Filter parameters validation',
    'A filter that is not known is refused.',
    '2018-03-21',
  ),
  extension('fip-port-details', 'Floating IP Port Details Extension', 'The port behind a floating IP.', '2018-04-09'),
  extension('ip-substring-filtering', 'IP address substring filtering', 'Ports by a part of an address.', '2017-11-28'),
  extension('net-mtu', 'Network MTU', 'The MTU of a network.', '2015-03-25'),
  extension('net-mtu-writable', 'Network MTU (writable)', 'The MTU of a network can be set.', '2017-07-12'),
  extension('network-ip-availability', 'Network IP Availability', 'How many addresses are left.', '2015-09-24'),
  extension('network_availability_zone', 'Network Availability Zone', 'The zones of a network.', '2015-01-01'),
  extension('pagination', 'Pagination support', 'Lists in pages.', '2016-06-12'),
  extension('port-security', 'Port Security', 'Port security can be disabled.', '2012-07-23'),
  extension(
    'port-security-groups-filtering',
    'Port filtering on security groups',
    'Ports by their groups.',
    '2018-01-09',
  ),
  extension('project-id', 'project_id field enabled', 'project_id beside tenant_id.', '2016-09-09'),
  extension('provider', 'Provider Network', 'How a network is made, for admins.', '2012-09-07'),
  extension('quota_details', 'Quota details management support', 'What is used of a quota.', '2017-02-10'),
  extension('quotas', 'Quota management support', 'Limits of a project.', '2012-07-29'),
  extension('rbac-address-group', 'Add address_group type to RBAC', 'Address groups for one project.', '2021-03-31'),
  extension('rbac-address-scope', 'Add address_scope type to RBAC', 'Scopes for one project.', '2020-06-12'),
  extension('rbac-policies', 'RBAC Policies', 'What is shared with which project.', '2015-06-17'),
  extension(
    'rbac-security-groups',
    'Add security_group type to network RBAC',
    'Security groups for one project.',
    '2018-11-18',
  ),
  extension('rbac-subnetpool', 'Add subnetpool type to RBAC', 'Pools for one project.', '2020-06-15'),
  extension(
    'revision-if-match',
    'If-Match constraints based on revision_number',
    'A write with If-Match is done only if the revision is current.',
    '2016-12-11',
  ),
  extension('router', 'Neutron L3 Router', 'Routers and floating IPs.', '2012-07-20'),
  extension('router_availability_zone', 'Router Availability Zone', 'The zones of a router.', '2015-01-01'),
  extension('security-group', 'security group', 'Which traffic a port may have.', '2012-10-05'),
  extension(
    'security-groups-default-rules',
    'Default rules for security groups',
    'The rules that new security groups begin with.',
    '2022-12-19',
  ),
  extension(
    'security-groups-remote-address-group',
    'Remote address group id field for security group rules',
    'An address group as the remote end of a rule.',
    '2020-08-25',
  ),
  extension(
    'security-groups-normalized-cidr',
    'Normalized CIDR field for security group rules',
    'The prefix of a rule with its host bits cleared.',
    '2019-07-24',
  ),
  extension(
    'security-groups-rules-belongs-to-default-sg',
    "Security group rule belongs to the project's default security group",
    'Whether the group of a rule is the default one.',
    '2023-11-15',
  ),
  extension(
    'security-groups-shared-filtering',
    'Security group filtering on the shared field',
    'Groups by whether they are shared.',
    '2021-10-05',
  ),
  extension('sorting', 'Sorting support', 'Lists in order.', '2016-06-12'),
  extension('standard-attr-description', 'standard-attr-description', 'A description of everything.', '2016-02-10'),
  extension('standard-attr-revisions', 'Resource revision numbers', 'How often a resource changed.', '2016-04-11'),
  extension(
    'standard-attr-tag',
    'Tag support for resources with standard attribute',
    'Tags of everything.',
    '2017-01-01',
  ),
  extension('standard-attr-timestamp', 'Resource timestamps', 'When a resource was made and changed.', '2016-09-12'),
  extension('default-subnetpools', 'Default Subnetpools', 'A pool that is used when none is named.', '2016-02-18'),
  extension('stateful-security-group', 'Stateful security group', 'Groups without connection tracking.', '2019-11-26'),
  extension('subnet_allocation', 'Subnet Allocation', 'Pools that subnets are cut from.', '2015-03-30'),
  extension(
    'subnetpool-prefix-ops',
    'Subnet Pool Prefix Operations',
    'Prefixes are added and removed one by one.',
    '2019-02-08',
  ),
  extension(
    'subnet-external-network',
    'Subnet belongs to an external network',
    'Subnets by whether their network leads outside.',
    '2022-06-01',
  ),
];
