import { ensureColumn, type Migration } from '#shared/db/migrate.ts';

/** The zone of a host, and the zones that networks and routers name. */
export const availabilityZones: Migration = {
  name: '006-availability-zones',
  up: async (tx) => {
    await ensureColumn(tx, 'hosts', 'availabilityZone', (t) =>
      t.string('availabilityZone', 255).notNullable().defaultTo('nova'),
    );
    for (const table of ['networks', 'routers'])
      await ensureColumn(tx, table, 'availabilityZoneHints', (t) =>
        t.string('availabilityZoneHints', 255).notNullable().defaultTo('[]'),
      );
  },
};
