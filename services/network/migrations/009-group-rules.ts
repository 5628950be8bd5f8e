import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { ensureColumn, ensureTable, type Migration } from '#shared/db/migrate.ts';
import { standard } from './001-network.ts';

/** Address groups as remote ends of rules, and the rules that new security groups begin with. */
export const groupRules: Migration = {
  name: '009-group-rules',
  up: async (tx) => {
    await ensureTable(tx, 'address_groups', (t) => {
      standard(t);
      t.text('addresses', 'mediumtext').notNullable();
    });
    await ensureColumn(tx, 'security_group_rules', 'remoteAddressGroupId', (t) =>
      t.string('remoteAddressGroupId', 36).index(),
    );
    await ensureTable(tx, 'default_group_rules', (t) => {
      standard(t);
      t.string('direction', 16).notNullable();
      t.string('ethertype', 8).notNullable();
      t.string('protocol', 32);
      t.integer('portMin');
      t.integer('portMax');
      t.string('cidr', 64);
      t.string('remoteGroupId', 36);
      t.string('remoteAddressGroupId', 36);
      t.boolean('usedInDefaultSg').notNullable();
      t.boolean('usedInNonDefaultSg').notNullable();
    });
    await beginWith(tx);
  },
};

/** Every group lets everything out; members of a default group reach each other. */
async function beginWith(tx: Knex): Promise<void> {
  if ((await tx('default_group_rules').first('id')) !== undefined) return;
  const now = Date.now();
  for (const ethertype of ['IPv4', 'IPv6'])
    for (const direction of ['egress', 'ingress'])
      await tx('default_group_rules').insert({
        ...{ id: randomUUID(), projectId: '', name: '', description: '', tags: '[]', revision: 0 },
        ...{ createdAt: now, updatedAt: now, direction, ethertype },
        remoteGroupId: direction === 'ingress' ? 'PARENT' : null,
        usedInDefaultSg: true,
        usedInNonDefaultSg: direction === 'egress',
      });
}
