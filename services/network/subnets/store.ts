import type { Knex } from 'knex';
import {
  type Attributes,
  count,
  flag,
  type Query,
  type Standard,
  standardAttributes,
  tableOf,
  text,
} from '../resources/store.ts';

interface Pool {
  readonly start: string;
  readonly end: string;
}
export interface HostRoute {
  readonly destination: string;
  readonly nexthop: string;
}

export interface Subnet extends Standard {
  readonly networkId: string;
  readonly ipVersion: 4 | 6;
  readonly cidr: string;
  readonly gatewayIp: string | null;
  readonly enableDhcp: boolean;
  readonly allocationPools: readonly Pool[];
  readonly dnsNameservers: readonly string[];
  readonly hostRoutes: readonly HostRoute[];
  readonly serviceTypes: readonly string[];
  /** The subnet pool that its CIDR was allocated from. */
  readonly subnetpoolId: string | null;
  readonly ipv6RaMode: string | null;
  readonly ipv6AddressMode: string | null;
}

export const subnetRows = tableOf<Subnet>({
  name: 'subnets',
  json: ['allocationPools', 'dnsNameservers', 'hostRoutes', 'serviceTypes'],
  missing: ['SubnetNotFound', (id) => `Subnet ${id} could not be found.`],
  // Subnets of the project's networks, and of shared and external networks.
  beside: (own, projectId) =>
    void own.orWhereIn('networkId', (each: Query) => {
      each.select('id').from('networks').where({ projectId }).orWhere({ shared: true }).orWhere({ external: true });
    }),
});

const ofNetworks = (columns: object) => (query: Query, value: boolean) => {
  const networks = (each: Query) => each.select('id').from('networks').where(columns);
  if (value) query.whereIn('networkId', networks);
  else query.whereNotIn('networkId', networks);
};
const external = ofNetworks({ external: true });
const shared = ofNetworks({ shared: true });
const isTrue = (values: readonly string[]) => values.some((value) => /^(true|1)$/i.test(value));

export const subnetAttributes: Attributes = {
  ...standardAttributes,
  network_id: text('networkId'),
  ip_version: count('ipVersion'),
  cidr: text('cidr'),
  gateway_ip: text('gatewayIp'),
  enable_dhcp: flag('enableDhcp'),
  ipv6_ra_mode: text('ipv6RaMode'),
  ipv6_address_mode: text('ipv6AddressMode'),
  'router:external': (query, values) => external(query, isTrue(values)),
  shared: (query, values) => shared(query, isTrue(values)),
  subnetpool_id: text('subnetpoolId'),
  // No subnet has a segment.
  segment_id: (query) => void query.whereRaw('1 = 0'),
};

export const subnetsOf = (db: Knex, networkIds: readonly string[]): Promise<Subnet[]> =>
  subnetRows.whereIn(db, 'networkId', networkIds);
