import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** The URLs that starts wrote into the catalog, to tell them from those of an administrator. */
export const seededEndpoints: Migration = {
  name: '011-seeded-endpoints',
  up: async (tx) => {
    await ensureTable(tx, 'seeded_endpoints', (t) => {
      t.string('endpointId', 64).primary();
      t.text('url').notNullable();
    });
  },
};
