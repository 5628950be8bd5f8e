import { type Attributes, count, flag, type Standard, standardAttributes, tableOf } from '../resources/store.ts';

export interface SubnetPool extends Standard {
  readonly ipVersion: 4 | 6;
  /** Ranges that do not touch each other, in order. */
  readonly prefixes: readonly string[];
  readonly defaultPrefixlen: number;
  readonly minPrefixlen: number;
  readonly maxPrefixlen: number;
  readonly shared: boolean;
  readonly isDefault: boolean;
  /** How much one project may have of it: addresses of IPv4, /64 networks of IPv6; null for no limit. */
  readonly defaultQuota: number | null;
}

export const subnetPoolRows = tableOf<SubnetPool>({
  name: 'subnet_pools',
  json: ['prefixes'],
  missing: ['SubnetPoolNotFound', (id) => `Subnet pool ${id} could not be found.`],
  beside: (own) => void own.orWhere({ shared: true }),
});

export const subnetPoolAttributes: Attributes = {
  ...standardAttributes,
  ip_version: count('ipVersion'),
  default_prefixlen: count('defaultPrefixlen'),
  min_prefixlen: count('minPrefixlen'),
  max_prefixlen: count('maxPrefixlen'),
  default_quota: count('defaultQuota'),
  shared: flag('shared'),
  is_default: flag('isDefault'),
  address_scope_id: (query) => void query.whereRaw('1 = 0'), // no pool has a scope
};
