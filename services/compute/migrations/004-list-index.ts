import { ensureIndex } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

/** What pages of a project's servers begin in. */
export const listIndex: Migration = {
  name: '004-list-index',
  up: (tx) => ensureIndex(tx, 'servers', ['projectId', 'deletedAt', 'sequence']),
};
