import { ensureTable, type Migration } from '#shared/db/migrate.ts';

export const sessions: Migration = {
  name: '001-sessions',
  up: async (tx) => {
    await ensureTable(tx, 'sessions', (t) => {
      t.string('idHash', 64).primary();
      t.text('token').notNullable();
      t.string('userId', 64).notNullable();
      t.string('userName', 255).notNullable();
      t.string('projectId', 64).notNullable();
      t.string('projectName', 255).notNullable();
      t.text('endpoints').notNullable();
      t.bigInteger('expiresAt').notNullable().index();
    });
  },
};
