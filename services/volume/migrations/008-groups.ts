import { ensureColumn, ensureIndex, ensureTable } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const groups: Migration = {
  name: '008-groups',
  up: async (tx) => {
    await ensureTable(tx, 'groupTypes', (t) => {
      t.string('id', 36).primary();
      t.string('name', 255).notNullable().unique();
      t.text('description');
      t.boolean('isPublic').notNullable();
      t.text('extraSpecs', 'mediumtext').notNullable();
      t.bigInteger('createdAt').notNullable();
    });
    await ensureTable(tx, 'volumeGroups', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('userId', 64).notNullable();
      t.string('name', 255);
      t.text('description');
      t.string('groupTypeId', 36).notNullable().index();
      t.text('typeIds', 'mediumtext').notNullable();
      t.string('zone', 255).notNullable();
      t.string('status', 32).notNullable();
      t.string('taskId', 36).index();
      t.string('groupSnapshotId', 36);
      t.string('sourceGroupId', 36);
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    await ensureTable(tx, 'groupSnapshots', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('userId', 64).notNullable();
      t.string('groupId', 36).notNullable().index();
      t.string('groupTypeId', 36).notNullable();
      t.string('name', 255);
      t.text('description');
      t.string('status', 32).notNullable();
      t.string('taskId', 36).index();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    await ensureColumn(tx, 'volumes', 'groupId', (t) => t.string('groupId', 36));
    await ensureColumn(tx, 'snapshots', 'groupSnapshotId', (t) => t.string('groupSnapshotId', 36));
    await ensureIndex(tx, 'volumes', ['groupId']);
    await ensureIndex(tx, 'snapshots', ['groupSnapshotId']);
    for (const table of ['volumeGroups', 'groupSnapshots']) {
      await ensureIndex(tx, table, ['projectId', 'createdAt', 'id']);
      await ensureIndex(tx, table, ['createdAt', 'id']);
    }
  },
};
