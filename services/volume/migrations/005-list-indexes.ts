import { ensureIndex } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

/** What pages of lists begin in: those of one project, and those of all. */
export const listIndexes: Migration = {
  name: '005-list-indexes',
  up: async (tx) => {
    for (const table of ['volumes', 'snapshots', 'attachments']) {
      await ensureIndex(tx, table, ['projectId', 'createdAt', 'id']);
      await ensureIndex(tx, table, ['createdAt', 'id']);
    }
    await ensureIndex(tx, 'volumes', ['host']);
    await ensureIndex(tx, 'snapshots', ['host']);
  },
};
