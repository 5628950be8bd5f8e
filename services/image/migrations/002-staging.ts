import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

export const staging: Migration = {
  name: '002-staging',
  up: (tx) => ensureColumn(tx, 'images', 'staged', (t) => t.text('staged')),
};
