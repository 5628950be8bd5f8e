import { ensureIndex, ensureTable } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const backups: Migration = {
  name: '009-backups',
  up: async (tx) => {
    await ensureTable(tx, 'backups', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('userId', 64).notNullable();
      t.string('name', 255);
      t.text('description');
      t.string('status', 32).notNullable();
      t.string('taskId', 36).index();
      t.string('volumeId', 36).notNullable().index();
      t.string('snapshotId', 36);
      t.string('parentId', 36).index();
      t.string('restoringId', 36);
      t.integer('sizeGb').notNullable();
      t.integer('objectCount').notNullable();
      t.string('container', 255).notNullable();
      t.string('storedAs', 36).notNullable().index();
      t.string('host', 255);
      t.string('zone', 255);
      t.text('failReason');
      t.text('metadata', 'mediumtext').notNullable();
      t.text('ofVolume', 'mediumtext').notNullable();
      t.bigInteger('dataAt').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    for (const column of ['createdAt', 'name']) {
      await ensureIndex(tx, 'backups', ['projectId', column, 'id']);
      await ensureIndex(tx, 'backups', [column, 'id']);
    }
  },
};
