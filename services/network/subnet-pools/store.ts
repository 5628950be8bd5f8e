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
} from '../resources/store.ts';

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

export const subnetPoolRows = tableOf<SubnetPool>('subnet_pools', ['prefixes']);

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

const visible = (who: Who) => (query: Query) => {
  if (!seesAll(who)) query.where({ projectId: who.projectId ?? '' }).orWhere({ shared: true });
};

export const listSubnetPools = (db: Knex, who: Who, listing: Listing) => subnetPoolRows.list(db, visible(who), listing);

export async function getVisibleSubnetPool(db: Knex, who: Who, id: string): Promise<SubnetPool | undefined> {
  const only = { ...everything, filters: [(query: Query) => void query.where({ id })] };
  const [row] = await listSubnetPools(db, who, only);
  return row;
}
