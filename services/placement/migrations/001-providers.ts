import { ensureTable, type Migration } from '#shared/db/migrate.ts';

export const providers: Migration = {
  name: '001-providers',
  up: async (tx) => {
    await ensureTable(tx, 'providers', (t) => {
      t.string('uuid', 36).primary();
      t.string('name', 200).notNullable().unique();
      t.integer('generation').notNullable();
      t.string('parentUuid', 36).index();
      t.string('rootUuid', 36).notNullable().index();
      t.bigInteger('updatedAt').notNullable();
    });
    await ensureTable(tx, 'inventories', (t) => {
      t.string('providerUuid', 36).notNullable();
      t.string('resourceClass', 255).notNullable();
      t.integer('total').notNullable();
      t.integer('reserved').notNullable();
      t.integer('minUnit').notNullable();
      t.integer('maxUnit').notNullable();
      t.integer('stepSize').notNullable();
      t.double('allocationRatio').notNullable();
      // The sum of its allocations, kept with them: a candidate is one look at one row.
      t.bigInteger('used').notNullable();
      t.bigInteger('updatedAt').notNullable();
      t.primary(['providerUuid', 'resourceClass']);
      t.index(['resourceClass']);
    });
    await ensureTable(tx, 'provider_traits', (t) => {
      t.string('providerUuid', 36).notNullable();
      t.string('trait', 255).notNullable();
      t.primary(['providerUuid', 'trait']);
      t.index(['trait']);
    });
    await ensureTable(tx, 'provider_aggregates', (t) => {
      t.string('providerUuid', 36).notNullable();
      t.string('aggregateUuid', 36).notNullable();
      t.primary(['providerUuid', 'aggregateUuid']);
      t.index(['aggregateUuid']);
    });
    await ensureTable(tx, 'custom_traits', (t) => {
      t.string('name', 255).primary();
    });
    await ensureTable(tx, 'custom_classes', (t) => {
      t.increments('sequence');
      t.string('name', 255).notNullable().unique();
    });
    await ensureTable(tx, 'consumers', (t) => {
      t.string('uuid', 36).primary();
      t.string('projectId', 255).notNullable();
      t.string('userId', 255).notNullable();
      t.string('type', 255);
      t.integer('generation').notNullable();
      t.bigInteger('updatedAt').notNullable();
      t.index(['projectId', 'userId']);
    });
    await ensureTable(tx, 'allocations', (t) => {
      t.string('consumerUuid', 36).notNullable();
      t.string('providerUuid', 36).notNullable();
      t.string('resourceClass', 255).notNullable();
      t.integer('used').notNullable();
      t.primary(['consumerUuid', 'providerUuid', 'resourceClass']);
      t.index(['providerUuid']);
    });
  },
};
