import { ensureColumn, ensureTable } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const encryption: Migration = {
  name: '010-encryption',
  up: async (tx) => {
    await ensureTable(tx, 'typeEncryptions', (t) => {
      t.string('typeId', 36).primary();
      t.string('id', 36).notNullable();
      t.string('provider', 255).notNullable();
      t.string('controlLocation', 32).notNullable();
      t.string('cipher', 255);
      t.integer('keySize');
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt');
    });
    await ensureTable(tx, 'encryptionKeys', (t) => {
      t.string('id', 36).primary();
      t.string('projectId', 64).notNullable().index();
      t.text('sealedKey').notNullable();
      t.bigInteger('createdAt').notNullable();
    });
    for (const table of ['volumes', 'attachments'])
      await ensureColumn(tx, table, 'encryptionKeyId', (t) => t.string('encryptionKeyId', 36));
  },
};
