import { ensureColumn } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const frozen: Migration = {
  name: '003-frozen',
  up: (tx) => ensureColumn(tx, 'hosts', 'frozen', (t) => t.boolean('frozen').notNullable().defaultTo(false)),
};
