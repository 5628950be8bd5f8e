import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';
import { standard } from './001-network.ts';

/** Ranges of addresses that do not overlap, of one or more subnet pools. */
export const addressScopes: Migration = {
  name: '004-address-scopes',
  up: async (tx) => {
    await ensureTable(tx, 'address_scopes', (t) => {
      standard(t);
      t.integer('ipVersion').notNullable();
      t.boolean('shared').notNullable();
    });
    await ensureColumn(tx, 'subnet_pools', 'addressScopeId', (t) => t.string('addressScopeId', 36).index());
  },
};
