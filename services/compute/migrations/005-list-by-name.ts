import { ensureIndex } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

/** What pages of servers in the order of their names begin in. */
export const listByName: Migration = {
  name: '005-list-by-name',
  up: (tx) => ensureIndex(tx, 'servers', ['name', 'sequence']),
};
