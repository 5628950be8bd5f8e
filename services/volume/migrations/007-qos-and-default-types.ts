import { ensureColumn, ensureTable } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const qosAndDefaultTypes: Migration = {
  name: '007-qos-and-default-types',
  up: async (tx) => {
    await ensureTable(tx, 'qosSpecs', (t) => {
      t.string('id', 36).primary();
      t.string('name', 255).notNullable().unique();
      t.string('consumer', 16).notNullable();
      t.text('specs', 'mediumtext').notNullable();
      t.bigInteger('createdAt').notNullable();
    });
    await ensureColumn(tx, 'volumeTypes', 'qosSpecsId', (t) => t.string('qosSpecsId', 36));
    await ensureColumn(tx, 'attachments', 'limits', (t) => t.text('limits'));
    await ensureTable(tx, 'defaultTypes', (t) => {
      t.string('projectId', 64).primary();
      t.string('typeId', 36).notNullable().index();
    });
  },
};
