import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** What starts wrote into the catalog, so that a later one can tell it from what an administrator did. */
export const seededEndpoints: Migration = {
  name: '011-seeded-endpoints',
  up: async (tx) => {
    await ensureTable(tx, 'seeded_endpoints', (t) => {
      t.string('endpointId', 64).primary();
      t.text('url').notNullable();
    });
  },
};
