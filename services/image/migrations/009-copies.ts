import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';
import { ensureTasksTable } from '#shared/workflow/tasks.ts';

/** An image's data in further stores, and the tasks that copy it. */
export const copies: Migration = {
  name: '009-copies',
  up: async (tx) => {
    await ensureTasksTable(tx);
    await ensureTable(tx, 'image_copies', (t) => {
      t.string('imageId', 36).notNullable();
      t.string('store', 64).notNullable();
      // With the image's id the name of the data: another one at each try.
      t.string('copyId', 36).notNullable();
      t.string('state', 16).notNullable();
      t.string('importId', 36).notNullable();
      t.primary(['imageId', 'store']);
    });
    await ensureColumn(tx, 'image_imports', 'stores', (t) => t.text('stores'));
  },
};
