import { ensureTable } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const transfers: Migration = {
  name: '002-transfers',
  up: (tx) =>
    ensureTable(tx, 'transfers', (t) => {
      t.string('id', 36).primary();
      t.string('volumeId', 36).notNullable().index();
      t.string('projectId', 64).notNullable().index();
      t.string('name', 255);
      t.string('salt', 32).notNullable();
      t.string('keyHash', 64).notNullable();
      t.boolean('noSnapshots').notNullable();
      t.bigInteger('createdAt').notNullable();
    }),
};
