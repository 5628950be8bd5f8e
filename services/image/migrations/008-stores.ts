import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** Data from before is in files. */
export const stores: Migration = {
  name: '008-stores',
  up: async (tx) => {
    await ensureColumn(tx, 'images', 'store', (t) => t.string('store', 64));
    await tx('images').whereIn('status', ['active', 'deactivated']).whereNull('store').update({ store: 'file' });
  },
};
