import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** OAuth request tokens and access tokens. */
export const oauth: Migration = {
  name: '007-oauth',
  up: async (tx) => {
    await ensureTable(tx, 'oauth_request_tokens', (t) => {
      t.string('id', 64).primary();
      t.text('sealedSecret').notNullable();
      t.string('consumerId', 64).notNullable().index();
      t.string('projectId', 64).notNullable();
      t.string('userId', 64).index();
      t.text('roleIds');
      t.text('sealedVerifier');
      t.bigInteger('expiresAt').index();
    });
    await ensureTable(tx, 'oauth_access_tokens', (t) => {
      t.string('id', 64).primary();
      t.text('sealedSecret').notNullable();
      t.string('consumerId', 64).notNullable().index();
      t.string('userId', 64).notNullable().index();
      t.string('projectId', 64).notNullable();
      t.text('roleIds').notNullable();
      t.bigInteger('expiresAt').index();
    });
  },
};
