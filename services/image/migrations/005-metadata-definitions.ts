import { ensureTable, type Migration } from '#shared/db/migrate.ts';

export const metadataDefinitions: Migration = {
  name: '005-metadata-definitions',
  up: async (tx) => {
    await ensureTable(tx, 'metadef_namespaces', (t) => {
      t.string('id', 36).primary();
      t.string('namespace', 80).notNullable().unique();
      t.string('displayName', 80);
      t.text('description');
      t.string('visibility', 16).notNullable();
      t.boolean('isProtected').notNullable();
      t.string('owner', 255).notNullable().index();
      t.bigInteger('createdAt').notNullable().index();
      t.bigInteger('updatedAt').notNullable();
    });
    await ensureTable(tx, 'metadef_definitions', (t) => {
      t.string('namespaceId', 36).notNullable();
      t.string('kind', 16).notNullable();
      t.string('name', 80).notNullable();
      t.text('content', 'mediumtext').notNullable();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt').notNullable();
      t.primary(['namespaceId', 'kind', 'name']);
    });
    await ensureTable(tx, 'metadef_resource_types', (t) => {
      t.string('name', 80).primary();
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt').notNullable();
    });
    await ensureTable(tx, 'metadef_associations', (t) => {
      t.string('namespaceId', 36).notNullable();
      t.string('name', 80).notNullable().index();
      t.string('prefix', 80);
      t.string('propertiesTarget', 80);
      t.bigInteger('createdAt').notNullable();
      t.bigInteger('updatedAt').notNullable();
      t.primary(['namespaceId', 'name']);
    });
  },
};
