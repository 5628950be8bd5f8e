import { ensureTable, type Migration } from '#shared/db/migrate.ts';
import { standard } from './001-network.ts';

/** Ports of floating IPs that lead to ports of guests. */
export const portForwardings: Migration = {
  name: '010-port-forwardings',
  up: (tx) =>
    ensureTable(tx, 'port_forwardings', (t) => {
      standard(t);
      t.string('floatingipId', 36).notNullable().index();
      t.string('internalPortId', 36).notNullable().index();
      t.string('internalIpAddress', 64).notNullable();
      t.string('protocol', 16).notNullable();
      t.integer('externalFirst').notNullable();
      t.integer('externalLast').notNullable();
      t.integer('internalFirst').notNullable();
      t.integer('internalLast').notNullable();
    }),
};
