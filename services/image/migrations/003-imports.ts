import { ensureTable, type Migration } from '#shared/db/migrate.ts';

export const imports: Migration = {
  name: '003-imports',
  up: (tx) =>
    ensureTable(tx, 'image_imports', (t) => {
      t.string('id', 36).primary();
      t.string('imageId', 36).notNullable().index();
      t.string('owner', 64);
      t.string('userId', 64).notNullable();
      t.string('requestId', 64).notNullable();
      t.text('wish').notNullable();
      t.bigInteger('createdAt').notNullable();
    }),
};
