import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Users and groups that a directory keeps: the ids that everybody knows them by, and those of the directory. */
export const directories: Migration = {
  name: '008-directories',
  up: (tx) =>
    ensureTable(tx, 'id_mapping', (t) => {
      t.string('publicId', 64).primary();
      t.string('domainId', 64).notNullable();
      t.string('kind', 8).notNullable();
      t.string('localId', 255).notNullable();
      t.unique(['domainId', 'kind', 'localId']);
    }),
};
