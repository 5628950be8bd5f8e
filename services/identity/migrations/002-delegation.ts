import { ensureColumn, ensureIndex, ensureTable, type Migration } from '#shared/db/migrate.ts';

/** Delegations and credentials of users. */
export const delegation: Migration = {
  name: '002-delegation',
  up: async (tx) => {
    await ensureTable(tx, 'application_credentials', (t) => {
      t.string('id', 64).primary();
      t.string('name', 255).notNullable();
      t.string('userId', 64).notNullable();
      t.string('projectId', 64).notNullable();
      t.text('secretHash').notNullable();
      t.text('description');
      t.bigInteger('expiresAtUs');
      t.boolean('unrestricted').notNullable();
      t.text('roleIds').notNullable();
      t.text('accessRules');
      t.unique(['userId', 'name']);
    });
    await ensureTable(tx, 'access_rules', (t) => {
      t.string('id', 64).primary();
      t.string('userId', 64).notNullable().index();
      t.string('service', 64).notNullable();
      t.string('method', 16).notNullable();
      t.string('path', 128).notNullable();
    });
    await ensureTable(tx, 'trusts', (t) => {
      t.string('id', 64).primary();
      t.string('trustorId', 64).notNullable().index();
      t.string('trusteeId', 64).notNullable().index();
      t.string('projectId', 64);
      t.boolean('impersonation').notNullable();
      t.bigInteger('expiresAt');
      t.bigInteger('deletedAt');
      t.integer('remainingUses');
      t.integer('redelegationCount').notNullable();
      t.string('redelegatedFrom', 64);
      t.text('roleIds').notNullable();
      t.text('extra').notNullable();
    });
    await ensureTable(tx, 'credentials', (t) => {
      t.string('id', 64).primary();
      t.string('userId', 64).notNullable().index();
      t.string('projectId', 64);
      t.string('type', 255).notNullable();
      t.text('sealedBlob').notNullable();
      t.string('keyId', 16).notNullable();
      t.text('extra').notNullable();
    });
    await ensureTable(tx, 'oauth_consumers', (t) => {
      t.string('id', 64).primary();
      t.text('description');
      t.text('sealedSecret').notNullable();
      t.text('extra').notNullable();
    });
    await ensureTable(tx, 'password_history', (t) => {
      t.increments('sequence');
      t.string('userId', 64).notNullable().index();
      t.text('hash').notNullable();
      t.bigInteger('madeAt').notNullable();
    });
    await ensureColumn(tx, 'users', 'passwordAt', (t) => t.bigInteger('passwordAt'));
    await ensureColumn(tx, 'users', 'mustChange', (t) => t.boolean('mustChange').notNullable().defaultTo(false));
    await ensureColumn(tx, 'users', 'activeAt', (t) => t.bigInteger('activeAt'));
    await ensureColumn(tx, 'signing_keys', 'retiredAt', (t) => t.bigInteger('retiredAt'));
    await ensureIndex(tx, 'credentials', ['type']);
  },
};
