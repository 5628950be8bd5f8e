import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** Rows from before have none of these: they were inserted when their import was complete. */
export const importStates: Migration = {
  name: '007-import-states',
  up: async (tx) => {
    await ensureColumn(tx, 'image_imports', 'status', (t) => t.string('status', 16));
    await ensureColumn(tx, 'image_imports', 'message', (t) => t.text('message'));
    await ensureColumn(tx, 'image_imports', 'updated_at', (t) => t.bigInteger('updatedAt'));
  },
};
