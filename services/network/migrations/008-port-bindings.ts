import { ensureTable, type Migration } from '#shared/db/migrate.ts';

/** The bindings of a port beside the active one, which is in its row: hosts to which its server may move. */
export const portBindings: Migration = {
  name: '008-port-bindings',
  up: (tx) =>
    ensureTable(tx, 'port_bindings', (t) => {
      t.string('portId', 36).notNullable();
      t.string('host', 255).notNullable().index();
      t.string('vifType', 32).notNullable();
      t.string('vnicType', 32).notNullable();
      t.text('profile').notNullable();
      t.primary(['portId', 'host']);
    }),
};
