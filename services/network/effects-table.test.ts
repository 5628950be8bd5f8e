/** Bodies in which every attribute has a value that shows, and what the bodies refer to; read by effects.test.ts. */
import type { Attributes } from '#shared/resource/attribute.ts';
import { addressGroups } from './address-groups/resource.ts';
import { addressScopes } from './address-scopes/resource.ts';
import { blueNetwork, type Cloud, type Json, nowhere, until } from './cloud.test.ts';
import { defaultRules } from './default-rules/resource.ts';
import { floatingIps } from './floating-ips/resource.ts';
import { networks } from './networks/resource.ts';
import { portForwardings } from './port-forwardings/resource.ts';
import { ports } from './ports/resource.ts';
import { qosPolicies } from './qos/resource.ts';
import type { Parent } from './resources/resource.ts';
import { routers } from './routers/resource.ts';
import { securityGroupRules, securityGroups } from './security-groups/resource.ts';
import { rbacPolicies } from './sharing/resource.ts';
import { subnetPools } from './subnet-pools/resource.ts';
import { subnets } from './subnets/resource.ts';

/** Of both roles, since services alone may set a binding profile. */
export const admin = 'admin/admin,service,member,reader';

export interface Walk {
  readonly definition: {
    readonly one: string;
    readonly many: string;
    readonly attributes: Attributes;
    readonly parent?: Parent;
    readonly under?: string;
  };
  /** The ids in its path. */
  within?(world: World): Readonly<Record<string, unknown>>;
  /** A body with the required attributes alone. */
  least(world: World): Promise<Json> | Json;
  /** Bodies of creates and updates, beside the least one, in which every value is shown and is no default. */
  creates(world: World): readonly Json[];
  updates?(world: World): readonly Json[];
  /** Attributes with one value alone, and another value, which is refused by name. */
  readonly refused?: Json;
  /** Attributes that updates refuse as a whole. */
  readonly fixed?: Json;
  /** Attributes whose effect is elsewhere, and where. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Filters that are no attribute that is shown: a value that the first row has, and one that it has not. */
  filters?(row: Json, world: World): Readonly<Record<string, readonly [has: string, hasNot: string]>>;
}

/** What the bodies refer to. All of it belongs to project blue. */
export async function worldOf(cloud: Cloud) {
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public', admin);
  const { network, subnet } = await blueNetwork(cloud, '10.7.0.0/16');
  const group = await cloud.make('security-groups', { security_group: { name: 'g' } });
  const scope = await cloud.make('address-scopes', { address_scope: { name: 's', ip_version: 4 } });
  const addressGroup = await cloud.make('address-groups', { address_group: { name: 'a' } });
  const prefixes = ['10.60.0.0/16'];
  const pool = await cloud.make('subnetpools', { subnetpool: { name: 'p', prefixes } });
  const external_gateway_info = { network_id: outside?.id };
  const router = await cloud.make('routers', { router: { external_gateway_info } });
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  let serial = 0;
  const next = () => {
    serial += 1;
    return serial;
  };
  const outsideId = outside?.id ?? '';
  const outsideSubnetId = ((outside?.subnets ?? []) as string[])[0] ?? '';
  const emptyNetwork = async () => (await cloud.make('networks', { network: {} })).id;
  const bluePort = async () => (await cloud.make('ports', { port: { network_id: network.id } })) as Json;
  const freePorts = [await bluePort(), await bluePort()];
  const policy = await cloud.make('qos/policies', { policy: { name: 'q' } }, 'blue/manager,member,reader');
  const floatingIp = await cloud.make('floatingips', { floatingip: { floating_network_id: outsideId } });
  return {
    cloud,
    network,
    subnet,
    group,
    addressGroup,
    scope,
    pool,
    next,
    outsideId,
    outsideSubnetId,
    emptyNetwork,
    freePorts,
    floatingIp,
    policy,
  };
}
export type World = Awaited<ReturnType<typeof worldOf>>;

const text = { name: 'x', description: 'y' };
const owned = { project_id: 'blue', tenant_id: 'blue' };
const addressOf = (port: Json | undefined) => ((port?.fixed_ips ?? []) as { ip_address: string }[])[0]?.ip_address;
const associated = ({ freePorts }: World, at: number) => ({
  port_id: freePorts[at]?.id,
  fixed_ip_address: addressOf(freePorts[at]),
});
const namesOfHost = 'The DHCP spec of a host has it: effects-elsewhere.test.ts.';

const networkValues = {
  ...text,
  admin_state_up: false,
  mtu: 1400,
  shared: true,
  'router:external': true,
  is_default: true,
  port_security_enabled: false,
};
const subnetValues = {
  ...text,
  enable_dhcp: false,
  gateway_ip: '10.60.0.9',
  allocation_pools: [{ start: '10.60.0.20', end: '10.60.0.30' }],
  host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.60.0.7' }],
  dns_nameservers: ['9.9.9.9'],
  service_types: ['compute:x'],
};
const portValues = ({ subnet, group, policy }: World, last: number) => ({
  ...text,
  qos_policy_id: policy.id,
  mac_address: `fa:16:3e:00:00:${last}`,
  admin_state_up: false,
  device_id: 'd',
  device_owner: 'compute:x',
  fixed_ips: [{ subnet_id: subnet.id, ip_address: `10.7.0.${last}` }],
  security_groups: [group.id],
  allowed_address_pairs: [{ ip_address: '10.9.9.9', mac_address: 'fa:16:3e:00:00:09' }],
  'binding:host_id': 'kvm-1',
  'binding:profile': { a: 1 },
});

export const walks: readonly Walk[] = [
  {
    definition: networks,
    least: () => ({}),
    creates: ({ policy }) => [
      {
        ...networkValues,
        ...owned,
        qos_policy_id: policy.id,
        availability_zone_hints: ['nova'],
        'provider:network_type': 'local',
      },
      { 'provider:segmentation_id': 4077 },
      { 'provider:network_type': 'flat', 'provider:physical_network': 'other' },
    ],
    updates: ({ policy }) => [{ ...networkValues, qos_policy_id: policy.id }],
    fixed: {
      'provider:network_type': 'local',
      'provider:physical_network': 'other',
      'provider:segmentation_id': 4078,
    },
    elsewhere: { dns_domain: namesOfHost },
  },
  {
    definition: subnets,
    least: async ({ emptyNetwork }) => ({ network_id: await emptyNetwork(), ip_version: 4, cidr: '10.60.0.0/24' }),
    creates: ({ pool }) => [
      { ...subnetValues, ...owned },
      { ip_version: 6, cidr: 'fd00:9::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
      { subnetpool_id: pool.id },
    ],
    updates: () => [subnetValues],
    refused: { segment_id: nowhere },
    elsewhere: {
      prefixlen: 'The cidr that a pool gives has that length: guards.test.ts.',
      use_default_subnetpool: 'The default pool gives the cidr, or there is a 400: effects-elsewhere.test.ts.',
    },
    filters: () => ({ 'router:external': ['false', 'true'], shared: ['false', 'true'] }),
  },
  {
    definition: ports,
    least: ({ network }) => ({ network_id: network.id }),
    creates: (world) => [{ ...portValues(world, 99), ...owned }, { port_security_enabled: false }],
    updates: (world) => [portValues(world, 98), { port_security_enabled: false, security_groups: [] }],
    refused: { extra_dhcp_opts: [{ opt_name: 'x' }], 'binding:vnic_type': 'direct' },
    elsewhere: { dns_name: namesOfHost },
    filters: (_row, { group }) => ({
      fixed_ips: ['ip_address=10.7.0.99', 'ip_address=10.7.0.250'],
      security_groups: [group.id, nowhere],
      dns_name: ['', 'nosuch'],
    }),
  },
  {
    definition: routers,
    least: ({ outsideId }) => ({ external_gateway_info: { network_id: outsideId } }),
    creates: ({ outsideId, outsideSubnetId }) => [
      {
        ...text,
        ...owned,
        admin_state_up: false,
        availability_zone_hints: ['nova'],
        external_gateway_info: {
          network_id: outsideId,
          enable_snat: false,
          external_fixed_ips: [{ subnet_id: outsideSubnetId, ip_address: '172.24.4.90' }],
        },
      },
    ],
    updates: ({ outsideId, outsideSubnetId }) => [
      {
        ...text,
        admin_state_up: false,
        external_gateway_info: {
          network_id: outsideId,
          enable_snat: false,
          external_fixed_ips: [{ subnet_id: outsideSubnetId, ip_address: '172.24.4.91' }],
        },
        routes: [{ destination: '10.9.0.0/16', nexthop: '172.24.4.77' }],
      },
    ],
    refused: { flavor_id: nowhere, ha: true, distributed: true },
  },
  {
    definition: floatingIps,
    least: ({ outsideId }) => ({ floating_network_id: outsideId }),
    creates: (world) => [{ description: 'y', ...owned, floating_ip_address: '172.24.4.80', ...associated(world, 0) }],
    updates: (world) => [{ description: 'y', ...associated(world, 1) }],
    refused: { qos_policy_id: nowhere },
    elsewhere: { subnet_id: 'The address is of that subnet, or there is a 404: values.test.ts.' },
  },
  {
    definition: portForwardings,
    within: ({ floatingIp }) => ({ floatingip_id: floatingIp.id }),
    least: ({ freePorts, next }) => ({
      ...{ protocol: 'tcp', internal_port_id: freePorts[0]?.id },
      ...{ external_port_range: `${next() + 1000}`, internal_port_range: `${next() + 1000}` },
    }),
    creates: ({ freePorts }) => [
      {
        ...{ description: 'y', protocol: 'udp', internal_port_id: freePorts[1]?.id },
        internal_ip_address: addressOf(freePorts[1]),
        ...{ external_port: 900, external_port_range: '900:900', internal_port: 901, internal_port_range: '901:901' },
      },
      {
        ...{ external_port_range: '10:12', internal_port_range: '20:22' },
      },
    ],
    updates: ({ freePorts }) => [
      {
        ...{ description: 'y', protocol: 'udp', internal_port_id: freePorts[1]?.id },
        ...{ internal_ip_address: addressOf(freePorts[1]), external_port: 7, internal_port: 8 },
      },
      { external_port_range: '30:32', internal_port_range: '40:42' },
    ],
  },
  {
    definition: qosPolicies,
    least: () => ({ name: 'q' }),
    creates: () => [{ ...text, ...owned, is_default: true, shared: true }],
    updates: () => [{ ...text, is_default: true, shared: true }],
    filters: () => ({ shared: ['true', 'false'] }),
  },
  {
    definition: addressScopes,
    least: () => ({ name: 's', ip_version: 4 }),
    creates: () => [{ name: 'x', ...owned, ip_version: 6, shared: true }],
    updates: () => [{ name: 'x', shared: true }],
  },
  {
    definition: subnetPools,
    least: ({ next }) => ({ name: 'p', prefixes: [`10.${next() + 100}.0.0/16`] }),
    creates: ({ scope }) => [
      {
        ...text,
        ...owned,
        default_prefixlen: 26,
        min_prefixlen: 25,
        max_prefixlen: 27,
        shared: true,
        default_quota: 9,
        address_scope_id: scope.id,
      },
      { prefixes: ['fd00:60::/48'], is_default: true },
    ],
    updates: ({ scope }) => [
      {
        ...text,
        default_prefixlen: 26,
        min_prefixlen: 25,
        max_prefixlen: 27,
        is_default: true,
        default_quota: 9,
        address_scope_id: scope.id,
      },
      { prefixes: ['10.0.0.0/8'] },
    ],
  },
  {
    definition: securityGroups,
    least: () => ({}),
    creates: () => [{ ...text, ...owned, stateful: false }],
    updates: () => [{ ...text, stateful: false }],
    filters: () => ({ shared: ['false', 'true'] }),
  },
  {
    definition: addressGroups,
    least: () => ({}),
    creates: () => [{ ...text, ...owned, addresses: ['10.1.0.0/16', 'fd00::/8'] }],
    updates: () => [text],
    filters: () => ({ shared: ['false', 'true'] }),
  },
  {
    definition: defaultRules,
    least: ({ next }) => ({ direction: 'ingress', protocol: 'tcp', port_range_min: next(), port_range_max: 60_000 }),
    creates: ({ group, addressGroup }) => [
      {
        description: 'y',
        direction: 'egress',
        ethertype: 'IPv6',
        protocol: 'udp',
        port_range_min: 5,
        port_range_max: 6,
        remote_ip_prefix: 'fd00::/8',
        used_in_default_sg: true,
        used_in_non_default_sg: false,
      },
      { remote_group_id: group.id },
      { remote_address_group_id: addressGroup.id },
    ],
  },
  {
    definition: rbacPolicies,
    least: async ({ emptyNetwork }) => ({
      ...{ object_type: 'network', object_id: await emptyNetwork() },
      ...{ action: 'access_as_shared', target_tenant: 'red' },
    }),
    creates: ({ group, outsideId }) => [
      { ...owned, object_type: 'security_group', object_id: group.id, target_tenant: 'yellow' },
      { object_id: outsideId, action: 'access_as_external', target_tenant: 'yellow' },
    ],
    updates: () => [{ target_tenant: 'green' }],
  },
  {
    definition: securityGroupRules,
    least: ({ group }) => ({ security_group_id: group.id, direction: 'ingress' }),
    creates: ({ group, addressGroup }) => [
      {
        description: 'y',
        ...owned,
        direction: 'egress',
        ethertype: 'IPv6',
        protocol: 'tcp',
        port_range_min: 5,
        port_range_max: 6,
        remote_ip_prefix: 'fd00::/8',
      },
      { remote_group_id: group.id },
      { remote_address_group_id: addressGroup.id },
    ],
  },
];
