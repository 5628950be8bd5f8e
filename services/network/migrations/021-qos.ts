import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';
import { standard } from './001-network.ts';

/** QoS policies with their rules, and the networks and ports that have one. */
export const qos: Migration = {
  name: '021-qos',
  up: async (tx) => {
    await ensureTable(tx, 'qos_policies', (t) => {
      standard(t);
      t.boolean('isDefault').notNullable();
    });
    await ensureTable(tx, 'qos_bandwidth_limit_rules', (t) => {
      standard(t);
      t.string('policyId', 36).notNullable().index();
      t.integer('maxKbps').notNullable();
      t.integer('maxBurstKbps').notNullable();
      t.string('direction', 16).notNullable();
    });
    await ensureTable(tx, 'qos_dscp_marking_rules', (t) => {
      standard(t);
      t.string('policyId', 36).notNullable().index();
      t.integer('dscpMark').notNullable();
    });
    for (const table of ['networks', 'ports'])
      await ensureColumn(tx, table, 'qosPolicyId', (t) => t.string('qosPolicyId', 36).index());
  },
};
