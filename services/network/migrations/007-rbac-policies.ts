import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { ensureTable, type Migration } from '#shared/db/migrate.ts';
import { standard } from './001-network.ts';

/** What is shared with which project; that of networks, pools and scopes that are shared with all becomes rows. */
export const rbacPolicies: Migration = {
  name: '007-rbac-policies',
  up: async (tx) => {
    await ensureTable(tx, 'rbac_policies', (t) => {
      standard(t);
      t.string('objectType', 32).notNullable();
      t.string('objectId', 36).notNullable();
      t.string('action', 32).notNullable();
      t.string('targetProject', 255).notNullable();
      t.unique(['objectId', 'action', 'targetProject']);
      t.index(['objectType', 'action', 'targetProject', 'objectId']);
    });
    await shareAll(tx, 'networks', 'shared', 'network', 'access_as_shared');
    await shareAll(tx, 'networks', 'external', 'network', 'access_as_external');
    await shareAll(tx, 'subnet_pools', 'shared', 'subnetpool', 'access_as_shared');
    await shareAll(tx, 'address_scopes', 'shared', 'address_scope', 'access_as_shared');
  },
};

async function shareAll(tx: Knex, table: string, flag: string, objectType: string, action: string): Promise<void> {
  const known = tx('rbac_policies').where({ action, targetProject: '*' }).select('objectId');
  const rows: { readonly id: string; readonly projectId: string }[] = await tx(table)
    .where({ [flag]: true })
    .whereNotIn('id', known)
    .select('id', 'projectId');
  const now = Date.now();
  for (const { id: objectId, projectId } of rows)
    await tx('rbac_policies').insert({
      ...{ id: randomUUID(), projectId, name: '', description: '', tags: '[]', createdAt: now, updatedAt: now },
      ...{ revision: 1, objectType, objectId, action, targetProject: '*' },
    });
}
