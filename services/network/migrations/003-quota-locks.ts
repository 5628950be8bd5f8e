import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** A row for each project, to wait at while another transaction counts what the project has. */
export const quotaLocks: Migration = {
  name: '003-quota-locks',
  up: (tx) => ensureTable(tx, 'quota_locks', (t) => void t.string('projectId', 64).primary()),
};
