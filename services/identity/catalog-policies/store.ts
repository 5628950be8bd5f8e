import type { Knex } from 'knex';
import { type Endpoint, endpoint, type Region, region } from '../catalog/resource.ts';
import type { Query } from '../resources/store.ts';
import { associations } from './resource.ts';

/** The endpoints that associations of the policy name, directly or by their service and region. */
export async function listCovered(db: Knex, policyId: string): Promise<Endpoint[]> {
  const own = await associations.where(db, { policyId });
  const narrow = (query: Query) =>
    query.where((any: Query) => {
      any.whereRaw('1 = 0');
      for (const { endpointId, serviceId, regionId } of own)
        any.orWhere(endpointId ? { id: endpointId } : { serviceId, ...(regionId ? { regionId } : {}) });
    });
  return endpoint.rows.list(db, { narrow });
}

/** The ids of a region and of those above it, upwards. */
export async function regionPath(db: Knex, id: string | null): Promise<string[]> {
  const path: string[] = [];
  for (let at = id; at !== null && !path.includes(at); ) {
    path.push(at);
    const found: Region | undefined = await region.rows.find(db, { id: at });
    at = found?.parentId ?? null;
  }
  return path;
}
