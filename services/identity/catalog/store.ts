import type { Knex } from 'knex';
import { endpoint, region } from './resource.ts';

/** Creates a region that an endpoint names. */
export async function ensureRegion(tx: Knex, id: string): Promise<void> {
  if (!(await region.rows.find(tx, { id })))
    await region.rows.insert(tx, { id, parentId: null, description: '', extra: {} });
}

/** With their associations to projects and policies. */
export async function removeEndpoints(
  tx: Knex,
  some: { readonly id: string } | { readonly serviceId: string },
): Promise<void> {
  const ids = tx('endpoints')
    .where({ ...some })
    .select('id');
  for (const table of ['project_endpoints', 'policy_associations']) await tx(table).whereIn('endpointId', ids).delete();
  await endpoint.rows.remove(tx, some);
}
