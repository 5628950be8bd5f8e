import { ensureColumn, ensureIndex } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

/** With which epoch a revocation came, so that who knows all before it is told no more than that. */
export const revocationEpochs: Migration = {
  name: '009-revocation-epochs',
  up: async (tx) => {
    // 0 for what a process of the release before has written: that is always told
    await ensureColumn(tx, 'revocations', 'epoch', (t) => t.integer('epoch').notNullable().defaultTo(0));
    await ensureIndex(tx, 'revocations', ['epoch']);
  },
};
