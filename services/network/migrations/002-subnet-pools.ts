import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Ranges that subnets are cut from. */
export const subnetPools: Migration = {
  name: '002-subnet-pools',
  up: async (tx) => {
    await ensureTable(tx, 'subnet_pools', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('name', 255).notNullable().index();
      t.text('description').notNullable();
      t.text('tags').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt').notNullable();
      t.integer('revision').notNullable();
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
