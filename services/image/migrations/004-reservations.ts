import { ensureColumn, ensureIndex, ensureTable, type Migration } from '#shared/db/migrate.ts';

export const reservations: Migration = {
  name: '004-reservations',
  up: async (tx) => {
    // What an upload has of its project's quota before its bytes are there.
    await ensureColumn(tx, 'images', 'reserved_bytes', (t) => t.bigInteger('reservedBytes'));
    await ensureIndex(tx, 'images', ['owner', 'deletedAt']); // counted at each create
    // A row of each project that was ever counted: locked while it is.
    await ensureTable(tx, 'quota_locks', (t) => {
      t.string('owner', 64).primary();
    });
  },
};
