import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** Images of a server besides the one that it was made from: after a rebuild, while it is rescued, while it is shelved. */
export const serverImages: Migration = {
  name: '007-server-images',
  up: async (tx) => {
    await ensureColumn(tx, 'servers', 'rootSource', (t) => t.text('rootSource'));
    await ensureColumn(tx, 'servers', 'rescueImage', (t) => t.text('rescueImage'));
    await ensureColumn(tx, 'servers', 'shelvedImageId', (t) => t.string('shelvedImageId', 36));
    await ensureColumn(tx, 'servers', 'password', (t) => t.text('password'));
    await ensureColumn(tx, 'servers', 'softDeletedAt', (t) => t.bigInteger('softDeletedAt'));
  },
};
