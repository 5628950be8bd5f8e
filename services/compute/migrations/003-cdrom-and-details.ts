import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** A disk may be a CD-ROM; the details of a failure are for administrators. Its name is in the databases that have it. */
export const cdromAndDetails: Migration = {
  name: '003-discs',
  up: async (tx) => {
    await ensureColumn(tx, 'attachments', 'cdrom', (t) => t.boolean('cdrom').notNullable().defaultTo(false));
    await ensureColumn(tx, 'actions', 'details', (t) => t.text('details', 'mediumtext'));
  },
};
