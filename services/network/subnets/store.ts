import type { Knex } from 'knex';
import type { Who } from '#shared/auth/who.ts';
import {
  type Attributes,
  count,
  everything,
  flag,
  type Listing,
  type Query,
  type Standard,
  seesAll,
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
  /** The pool that its range was cut from. */
  readonly subnetpoolId: string | null;
  readonly ipv6RaMode: string | null;
  readonly ipv6AddressMode: string | null;
}

export const subnetRows = tableOf<Subnet>('subnets', [
  'allocationPools',
  'dnsNameservers',
  'hostRoutes',
  'serviceTypes',
]);

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
  // Nothing here has a segment of its own.
  segment_id: (query) => void query.whereRaw('1 = 0'),
};

/** Its own, those on its networks, and those of networks that everybody may use. */
const visible = (who: Who) => (query: Query) => {
  if (seesAll(who)) return;
  const projectId = who.projectId ?? '';
  query.where({ projectId }).orWhereIn('networkId', (each: Query) => {
    each.select('id').from('networks').where({ projectId }).orWhere({ shared: true }).orWhere({ external: true });
  });
};

export const listSubnets = (db: Knex, who: Who, listing: Listing) => subnetRows.list(db, visible(who), listing);

export async function getVisibleSubnet(db: Knex, who: Who, id: string): Promise<Subnet | undefined> {
  const only = { ...everything, filters: [(query: Query) => void query.where({ id })] };
  const [row] = await listSubnets(db, who, only);
  return row;
}

export const subnetsOf = (db: Knex, networkIds: readonly string[]): Promise<Subnet[]> =>
  subnetRows.whereIn(db, 'networkId', networkIds);
