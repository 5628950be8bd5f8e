import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** The parts of specs that hosts refused. */
export const refusals: Migration = {
  name: '005-refusals',
  up: (tx) =>
    ensureTable(tx, 'refusals', (t) => {
      t.string('host', 255).notNullable();
      t.string('kind', 16).notNullable();
      t.string('subject', 64).notNullable().index();
      t.text('parts').notNullable();
      t.primary(['host', 'kind', 'subject']);
    }),
};
