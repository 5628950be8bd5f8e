import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Flavors, keys, hosts, quotas, aggregates, consoles. Its name is in the databases that have it. */
export const flavorsHostsQuotas: Migration = {
  name: '002-beside',
  up: async (tx) => {
    await ensureTable(tx, 'flavors', (t) => {
      t.increments('sequence');
      t.string('id', 255).notNullable().unique();
      t.string('name', 255).notNullable().unique();
      t.text('description');
      t.integer('vcpus').notNullable();
      t.integer('ramMb').notNullable();
      t.integer('diskGb').notNullable();
      t.integer('ephemeralGb').notNullable();
      t.integer('swapMb').notNullable();
      t.double('rxtxFactor').notNullable();
      t.boolean('isPublic').notNullable();
      t.boolean('disabled').notNullable();
      t.text('extraSpecs').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt').notNullable();
    });
    await ensureTable(tx, 'flavor_access', (t) => {
      t.string('flavorId', 255).notNullable();
      t.string('projectId', 64).notNullable();
      t.primary(['flavorId', 'projectId']);
    });
    await ensureTable(tx, 'keypairs', (t) => {
      t.increments('sequence');
      t.string('userId', 64).notNullable();
      t.string('name', 255).notNullable();
      t.string('type', 8).notNullable();
      t.string('fingerprint', 255).notNullable();
      t.text('publicKey').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.unique(['userId', 'name']);
    });
    await ensureTable(tx, 'services', (t) => {
      t.increments('sequence');
      t.string('id', 36).notNullable().unique();
      t.string('binary', 64).notNullable();
      t.string('host', 255).notNullable();
      t.bigInteger('reportedAt').notNullable();
      t.boolean('disabled').notNullable();
      t.text('disabledReason');
      t.boolean('forcedDown').notNullable();
      t.unique(['host', 'binary']);
    });
    await ensureTable(tx, 'hosts', (t) => {
      t.increments('sequence');
      t.string('id', 36).notNullable().unique();
      t.string('name', 255).notNullable().unique();
      t.text('report', 'mediumtext').notNullable();
      t.text('placed');
      t.bigInteger('createdAt').notNullable();
    });
    await ensureTable(tx, 'quotas', (t) => {
      t.string('projectId', 64).notNullable();
      t.string('resource', 64).notNullable();
      t.integer('limit').notNullable();
      t.primary(['projectId', 'resource']);
    });
    await ensureTable(tx, 'projects', (t) => {
      t.string('id', 64).primary();
    });
    await ensureTable(tx, 'aggregates', (t) => {
      t.increments('id');
      t.string('uuid', 36).notNullable().unique();
      t.string('name', 255).notNullable().unique();
      t.text('hosts').notNullable();
      t.text('metadata').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    await ensureTable(tx, 'consoles', (t) => {
      t.string('tokenHash', 64).primary();
      t.string('serverId', 36).notNullable().index();
      t.string('host', 255).notNullable();
      t.string('type', 16).notNullable();
      t.bigInteger('expiresAt').notNullable();
    });
  },
};
