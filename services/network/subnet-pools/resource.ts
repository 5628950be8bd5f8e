import {
  boolean,
  both,
  create,
  integer,
  ipVersion,
  listed,
  standard,
  text,
  texts,
  uuid,
} from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

export const subnetPools = resource('subnetpool', 'subnetpools', {
  table: 'subnet_pools',
  missing: ['SubnetPoolNotFound', (id) => `Subnet pool ${id} could not be found.`],
  sharing: { type: 'subnetpool', from: 'id' },
  attributes: {
    ...standard,
    name: text({ set: both, required: true, ...listed, input: { type: 'string', maxLength: 255 } }),
    /** Ranges that do not touch each other, in order. */
    prefixes: texts({ set: both, required: true, max: 50 }),
    ip_version: ipVersion(listed),
    // Neutron shows these three as text.
    default_prefixlen: integer({ set: both, ...listed, show: String, output: { type: 'string' } }),
    min_prefixlen: integer({ set: both, ...listed, show: String, output: { type: 'string' } }),
    max_prefixlen: integer({ set: both, ...listed, show: String, output: { type: 'string' } }),
    shared: boolean({ set: create, default: false, ...listed }),
    is_default: boolean({ set: both, default: false, ...listed }),
    /** How much one project may have of it: addresses of IPv4, /64 networks of IPv6; null for no limit. */
    default_quota: integer({ set: both, nullable: true, default: null, min: 0, max: 2_147_483_647, ...listed }),
    address_scope_id: uuid({ set: both, nullable: true, default: null, ...listed }),
  },
});

export type SubnetPool = Row<typeof subnetPools>;
export type NewSubnetPool = New<typeof subnetPools>;
export type SubnetPoolChange = Change<typeof subnetPools>;
