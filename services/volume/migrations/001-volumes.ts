import { ensureTable } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';
import { ensureHostWorkTable } from '#shared/hosts/work.ts';
import { ensureTasksTable } from '#shared/workflow/tasks.ts';

/** Times are milliseconds since 1970; what is text and ends in no id is JSON where the store says so. */
export const volumes: Migration = {
  name: '001-volumes',
  up: async (tx) => {
    await ensureTasksTable(tx);
    await ensureHostWorkTable(tx);
    await ensureTable(tx, 'volumes', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('userId', 64).notNullable();
      t.string('name', 255);
      t.text('description');
      t.integer('sizeGb').notNullable();
      t.integer('growToGb');
      t.string('status', 32).notNullable();
      t.string('previousStatus', 32);
      t.string('taskId', 36).index();
      t.string('host', 255);
      t.string('hostId', 36);
      t.string('pool', 255);
      t.string('driver', 32);
      t.string('typeId', 36).notNullable();
      t.string('zone', 255).notNullable();
      t.boolean('bootable').notNullable();
      t.boolean('multiattach').notNullable();
      t.boolean('readOnly').notNullable();
      t.string('snapshotId', 36);
      t.string('sourceVolumeId', 36);
      t.string('imageId', 36);
      t.text('metadata', 'mediumtext').notNullable();
      t.text('imageMetadata', 'mediumtext');
      t.text('choice', 'mediumtext');
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    await ensureTable(tx, 'snapshots', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('userId', 64).notNullable();
      t.string('volumeId', 36).notNullable().index();
      t.string('typeId', 36).notNullable();
      t.string('name', 255);
      t.text('description');
      t.integer('sizeGb').notNullable();
      t.string('status', 32).notNullable();
      t.string('progress', 8).notNullable();
      t.string('taskId', 36).index();
      t.string('host', 255);
      t.text('metadata', 'mediumtext').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    await ensureTable(tx, 'attachments', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('volumeId', 36).notNullable().index();
      t.string('serverId', 36).index();
      t.string('status', 32).notNullable();
      t.string('mode', 8).notNullable();
      t.string('taskId', 36).index();
      t.text('connector', 'mediumtext');
      t.text('target', 'mediumtext');
      t.string('chapUser', 64).notNullable();
      t.string('chapSecret', 64).notNullable();
      t.string('mountpoint', 255);
      t.string('attachedHost', 255);
      t.text('fault');
      t.bigInteger('attachedAt');
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    await ensureTable(tx, 'volumeTypes', (t) => {
      t.string('id', 36).primary();
      t.string('name', 255).notNullable().unique();
      t.text('description');
      t.boolean('isPublic').notNullable();
      t.text('extraSpecs', 'mediumtext').notNullable();
      t.bigInteger('createdAt').notNullable();
    });
    await ensureTable(tx, 'volumeTypeAccess', (t) => {
      t.string('typeId', 36).notNullable();
      t.string('projectId', 64).notNullable();
      t.primary(['typeId', 'projectId']);
    });
    await ensureTable(tx, 'quotas', (t) => {
      t.string('projectId', 64).notNullable();
      t.string('resource', 255).notNullable();
      t.integer('hardLimit').notNullable();
      t.primary(['projectId', 'resource']);
    });
    await ensureTable(tx, 'quotaTurns', (t) => {
      t.string('projectId', 64).primary();
    });
    await ensureTable(tx, 'hosts', (t) => {
      t.string('name', 255).primary();
      t.text('report', 'mediumtext').notNullable();
      t.boolean('enabled').notNullable();
      t.string('disabledReason', 255);
      t.bigInteger('reportedAt').notNullable();
    });
    await ensureTable(tx, 'messages', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.string('resourceType', 32).notNullable();
      t.string('resourceId', 36).notNullable().index();
      t.string('requestId', 64).notNullable();
      t.string('eventId', 64).notNullable();
      t.text('userMessage').notNullable();
      t.bigInteger('createdAt').notNullable().index();
    });
  },
};
