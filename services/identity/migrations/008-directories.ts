import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Public ids of LDAP users and groups, with their local ids. */
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
