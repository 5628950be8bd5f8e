import { ensureColumn, ensureIndex } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

/** Attachments of before count as made by a service: nothing that compute made is forgotten. */
export const closed: Migration = {
  name: '004-closed',
  up: async (tx) => {
    await ensureColumn(tx, 'attachments', 'byService', (t) => t.boolean('byService').notNullable().defaultTo(true));
    await ensureColumn(tx, 'attachments', 'sealedSecret', (t) => t.string('sealedSecret', 255));
    await ensureColumn(tx, 'volumes', 'readOnlyTold', (t) => t.boolean('readOnlyTold').notNullable().defaultTo(false));
    await ensureColumn(tx, 'messages', 'detail', (t) => t.text('detail'));
    await ensureIndex(tx, 'volumes', ['sourceVolumeId']);
    await ensureIndex(tx, 'volumes', ['snapshotId']);
  },
};
