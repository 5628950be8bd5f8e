import type { Query } from '#shared/resource/attribute.ts';
import {
  boolean,
  both,
  choice,
  create,
  digitsOrNull,
  empty,
  flag,
  integer,
  ipVersion,
  itemOf,
  list,
  listed,
  shortText,
  standard,
  text,
  texts,
  uuid,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';
import { noRow } from '../resources/store.ts';
import { truth } from '../resources/values.ts';

interface Pool {
  readonly start: string;
  readonly end: string;
}
export interface HostRoute {
  readonly destination: string;
  readonly nexthop: string;
}

const address = { type: ['string', 'null'], maxLength: 64 };
const raMode = choice(['slaac', 'dhcpv6-stateful', 'dhcpv6-stateless']);
const pool = itemOf({ start: shortText, end: shortText }, ['start', 'end']);
export const hostRoute = itemOf({ destination: shortText, nexthop: shortText }, ['destination', 'nexthop']);

const byExternal = (query: Query, values: readonly string[]) => {
  const flags = values.map((value) => truth(value, 'router:external'));
  query.whereIn('networkId', (each: Query) => each.select('id').from('networks').whereIn('external', flags));
};

export const subnets = resource('subnet', 'subnets', {
  table: 'subnets',
  missing: ['SubnetNotFound', (id) => `Subnet ${id} could not be found.`],
  sharing: { type: 'network', from: 'networkId' },
  attributes: {
    ...standard,
    network_id: uuid({ set: create, required: true, ...listed }),
    ip_version: ipVersion({ set: create, ...listed }),
    /** The pool that its range was allocated from. */
    subnetpool_id: uuid({ set: create, nullable: true, ...listed }),
    enable_dhcp: boolean({ set: both, default: true, ...listed, input: flag }),
    ipv6_ra_mode: raMode({ column: 'ipv6RaMode', set: create, nullable: true, default: null, ...listed }),
    ipv6_address_mode: raMode({ column: 'ipv6AddressMode', set: create, nullable: true, default: null, ...listed }),
    gateway_ip: text({ set: both, nullable: true, ...listed, input: shortText }),
    cidr: text({ set: create, ...listed, input: address, output: { type: 'string' } }),
    allocation_pools: list<Pool>(pool)({ set: both }),
    host_routes: list<HostRoute>(hostRoute, 30)({ set: both }),
    dns_nameservers: list<string>(shortText, 20)({ set: both }),
    service_types: texts({ set: both, input: { type: 'array', items: { type: 'string', maxLength: 255 } } }),
    segment_id: empty({ column: null, set: both, filter: noRow }),
    prefixlen: integer({ stored: false, hidden: true, set: create, input: digitsOrNull }),
    use_default_subnetpool: boolean({ stored: false, hidden: true, set: create, default: false }),
    'router:external': boolean({ column: null, hidden: true, filter: byExternal }),
    shared: boolean({ column: null, hidden: true, filter: true }),
  },
});

export const subnetRows = subnets.rows;
export type Subnet = Row<typeof subnets>;
export type NewSubnet = New<typeof subnets>;
export type SubnetChange = Change<typeof subnets>;
