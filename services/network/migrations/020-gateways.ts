import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';

/** What hosts are able to do as gateways, and the leases of their routers (gateways/lease.ts). */
export const gateways: Migration = {
  name: '020-gateways',
  up: async (tx) => {
    await ensureColumn(tx, 'hosts', 'gatewayWeight', (t) => t.integer('gatewayWeight').notNullable().defaultTo(1));
    await ensureColumn(tx, 'hosts', 'physicalNetworks', (t) =>
      t.string('physicalNetworks', 1024).notNullable().defaultTo('[]'),
    );
    await ensureColumn(tx, 'hosts', 'unfit', (t) => t.string('unfit', 1024).notNullable().defaultTo('[]'));
    await ensureColumn(tx, 'hosts', 'adminStateUp', (t) => t.boolean('adminStateUp').notNullable().defaultTo(true));
    await ensureColumn(tx, 'hosts', 'description', (t) => t.string('description', 255));
    await ensureTable(tx, 'router_leases', (t) => {
      t.string('host', 255).notNullable().primary();
      t.bigInteger('boot').notNullable();
      t.bigInteger('seq').notNullable();
      t.bigInteger('renewedAt').notNullable();
      t.boolean('lasting').notNullable();
    });
    await ensureTable(tx, 'router_releases', (t) => {
      t.string('routerId', 36).notNullable();
      t.string('host', 255).notNullable().index();
      t.bigInteger('boot').notNullable();
      t.bigInteger('seq').notNullable();
      t.primary(['routerId', 'host']);
    });
  },
};
