import { ensureColumn } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const moves: Migration = {
  name: '011-moves',
  up: async (tx) => {
    await ensureColumn(tx, 'volumes', 'migrationStatus', (t) => t.string('migrationStatus', 32));
    await ensureColumn(tx, 'volumes', 'targetHost', (t) => t.string('targetHost', 255).index());
  },
};
