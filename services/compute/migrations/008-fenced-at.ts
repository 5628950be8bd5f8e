import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** When a lost host was fenced; null again after its next report. */
export const fencedAt: Migration = {
  name: '008-fenced-at',
  up: (tx) => ensureColumn(tx, 'services', 'fencedAt', (t) => t.bigInteger('fencedAt')),
};
