import { ensureIndex } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

/** What pages of lists that are sorted by name begin in. */
export const nameIndexes: Migration = {
  name: '006-name-indexes',
  up: async (tx) => {
    for (const table of ['volumes', 'snapshots']) {
      await ensureIndex(tx, table, ['projectId', 'name', 'id']);
      await ensureIndex(tx, table, ['name', 'id']);
    }
  },
};
