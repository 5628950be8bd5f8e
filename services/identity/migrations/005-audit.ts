import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Audit events, until the bus has accepted them. */
export const audit: Migration = {
  name: '005-audit',
  up: (tx) =>
    ensureTable(tx, 'audit_events', (t) => {
      t.string('id', 36).primary();
      t.string('topic', 128).notNullable();
      t.text('event').notNullable();
      // open until the request ends; after a crash the outcome is unknown
      t.boolean('open').notNullable();
      t.bigInteger('madeAt').notNullable().index();
    }),
};
