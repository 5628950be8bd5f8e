import { ensureColumn, ensureIndex } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

/** The epoch of each revocation, so that a service that knows an epoch reads only later ones. */
export const revocationEpochs: Migration = {
  name: '009-revocation-epochs',
  up: async (tx) => {
    // 0: written by a process of the release before; always published
    await ensureColumn(tx, 'revocations', 'epoch', (t) => t.integer('epoch').notNullable().defaultTo(0));
    await ensureIndex(tx, 'revocations', ['epoch']);
  },
};
