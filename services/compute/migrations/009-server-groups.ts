import { ensureIndex } from '#shared/db/ensure.ts';
import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Server groups; each server is in one at most. */
export const serverGroups: Migration = {
  name: '009-server-groups',
  up: async (tx) => {
    await ensureTable(tx, 'server_groups', (t) => {
      t.increments('sequence');
      t.string('id', 36).notNullable().unique();
      t.string('projectId', 64).notNullable().index();
      t.string('userId', 64).notNullable();
      t.string('name', 255).notNullable();
      t.string('policy', 32).notNullable();
      t.text('rules').notNullable();
      t.bigInteger('createdAt').notNullable();
    });
    await ensureColumn(tx, 'servers', 'groupId', (t) => t.string('groupId', 36));
    await ensureIndex(tx, 'servers', ['groupId']);
  },
};
