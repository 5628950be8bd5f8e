import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Used passcodes and nonces, for all controllers and across restarts. */
export const usedOnce: Migration = {
  name: '010-used-once',
  up: async (tx) => {
    await ensureTable(tx, 'used_once', (t) => {
      t.string('id', 64).primary();
      t.bigInteger('forgetAt').notNullable().index();
    });
  },
};
