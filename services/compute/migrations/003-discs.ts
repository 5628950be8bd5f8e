import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** A disk may be in the place of a disc; why something failed is told to administrators in full. */
export const discs: Migration = {
  name: '003-discs',
  up: async (tx) => {
    await ensureColumn(tx, 'attachments', 'cdrom', (t) => t.boolean('cdrom').notNullable().defaultTo(false));
    await ensureColumn(tx, 'actions', 'details', (t) => t.text('details', 'mediumtext'));
  },
};
