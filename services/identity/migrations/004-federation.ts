import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Identity providers, protocols, mappings, service providers and federated users. */
export const federation: Migration = {
  name: '004-federation',
  up: async (tx) => {
    await ensureTable(tx, 'identity_providers', (t) => {
      t.string('id', 64).primary();
      t.boolean('enabled').notNullable();
      t.text('description');
      t.string('domainId', 64).notNullable();
      t.integer('authorizationTtl');
      t.text('remoteIds').notNullable();
    });
    await ensureTable(tx, 'federation_protocols', (t) => {
      t.string('id', 64).notNullable();
      t.string('idpId', 64).notNullable();
      t.string('mappingId', 64).notNullable();
      t.string('remoteIdAttribute', 64);
      t.primary(['id', 'idpId']);
    });
    await ensureTable(tx, 'federation_mappings', (t) => {
      t.string('id', 64).primary();
      t.text('rules').notNullable();
      t.string('schemaVersion', 8).notNullable();
    });
    await ensureTable(tx, 'service_providers', (t) => {
      t.string('id', 64).primary();
      t.boolean('enabled').notNullable();
      t.text('description');
      t.text('authUrl').notNullable();
      t.text('spUrl').notNullable();
      t.string('relayStatePrefix', 255).notNullable();
    });
    await ensureTable(tx, 'federated_users', (t) => {
      t.string('idpId', 64).notNullable();
      t.string('protocolId', 64).notNullable();
      t.string('uniqueId', 255).notNullable();
      t.string('userId', 64).notNullable().index();
      t.primary(['idpId', 'protocolId', 'uniqueId']);
    });
  },
};
