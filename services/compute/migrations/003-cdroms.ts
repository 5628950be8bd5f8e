import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** A disk may be in the place of a disc. */
export const cdroms: Migration = {
  name: '003-cdroms',
  up: (tx) => ensureColumn(tx, 'attachments', 'cdrom', (t) => t.boolean('cdrom').notNullable().defaultTo(false)),
};
