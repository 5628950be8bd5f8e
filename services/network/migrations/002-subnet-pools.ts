import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';
import { standard } from './001-network.ts';

/** Ranges that subnets are cut from. */
export const subnetPools: Migration = {
  name: '002-subnet-pools',
  up: async (tx) => {
    await ensureTable(tx, 'subnet_pools', (t) => {
      standard(t);
      t.integer('ipVersion').notNullable();
      t.text('prefixes').notNullable();
      t.integer('defaultPrefixlen').notNullable();
      t.integer('minPrefixlen').notNullable();
      t.integer('maxPrefixlen').notNullable();
      t.boolean('shared').notNullable();
      t.boolean('isDefault').notNullable();
      t.integer('defaultQuota');
    });
    await ensureColumn(tx, 'subnets', 'subnetpoolId', (t) => t.string('subnetpoolId', 36).index());
  },
};
