import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** What was done here and by whom, until the bus has it for good. */
export const audit: Migration = {
  name: '005-audit',
  up: (tx) =>
    ensureTable(tx, 'audit_events', (t) => {
      t.string('id', 36).primary();
      t.string('topic', 128).notNullable();
      t.text('event').notNullable();
      // open while the request is under way: after a crash nobody knows how it ended, but that it was asked
      t.boolean('open').notNullable();
      t.bigInteger('madeAt').notNullable().index();
    }),
};
