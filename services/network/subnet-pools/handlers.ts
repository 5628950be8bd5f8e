import { handlersOf, type Kind } from '../resources/handlers.ts';
import { standardView } from '../resources/view.ts';
import { createSubnetPool, removeSubnetPool, type SubnetPoolInput, updateSubnetPool } from './operations.ts';
import { type SubnetPool, subnetPoolAttributes, subnetPoolRows } from './store.ts';

const subnetPoolKind: Kind<SubnetPool, SubnetPoolInput> = {
  one: 'subnetpool',
  many: 'subnetpools',
  attributes: subnetPoolAttributes,
  defaults: { shared: false, is_default: false },
  rows: subnetPoolRows,
  views: async (_network, rows) => rows.map(subnetPoolView),
  create: createSubnetPool,
  update: updateSubnetPool,
  remove: removeSubnetPool,
};

const subnetPoolView = (pool: SubnetPool) => ({
  ...standardView(pool),
  prefixes: pool.prefixes,
  ip_version: pool.ipVersion,
  default_prefixlen: String(pool.defaultPrefixlen), // Neutron writes them as text
  min_prefixlen: String(pool.minPrefixlen),
  max_prefixlen: String(pool.maxPrefixlen),
  shared: pool.shared,
  is_default: pool.isDefault,
  default_quota: pool.defaultQuota,
  address_scope_id: null,
});

export const subnetPools = handlersOf(subnetPoolKind);
