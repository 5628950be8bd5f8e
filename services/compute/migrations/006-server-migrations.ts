import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** One row per resize, cold migration, live migration and evacuation of a server. */
export const serverMigrations: Migration = {
  name: '006-server-migrations',
  up: (tx) =>
    ensureTable(tx, 'server_migrations', (t) => {
      t.increments('sequence');
      t.string('id', 36).notNullable().unique();
      t.string('serverId', 36).notNullable().index();
      t.string('projectId', 64).notNullable();
      t.string('userId', 64).notNullable();
      t.string('type', 16).notNullable();
      t.string('status', 32).notNullable();
      t.string('sourceHost', 255).notNullable().index();
      t.string('sourceZone', 255);
      t.string('wantedHost', 255);
      t.string('destHost', 255);
      t.string('destZone', 255);
      t.string('destAddress', 64);
      t.text('oldFlavor').notNullable();
      t.text('newFlavor').notNullable();
      t.integer('oldFlavorNumber').notNullable();
      t.integer('newFlavorNumber').notNullable();
      t.string('oldVmState', 32).notNullable();
      t.text('transferKey');
      t.text('progress');
      t.boolean('cleaned').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
      t.index(['createdAt', 'sequence']);
    }),
};
