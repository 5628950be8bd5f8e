/** Which endpoints a project sees: chosen one by one, or by groups that say what their endpoints have in common. */
import type { Knex } from 'knex';
import type { Endpoint } from '../catalog/store.ts';
import { recordsOf } from '../collection/store.ts';
import { couldNotFind } from '../projects/store.ts';

export interface EndpointGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** service_id, region_id, interface, enabled: all that are given must fit. */
  readonly filters: Readonly<Record<string, unknown>>;
}

export const endpointGroups = recordsOf<EndpointGroup>({
  table: 'endpoint_groups',
  what: 'endpoint group',
  json: ['filters'],
  filters: { name: 'name' },
});

export interface Chosen {
  readonly projectId: string;
  readonly endpointId: string;
}
export interface ChosenGroup {
  readonly projectId: string;
  readonly endpointGroupId: string;
}

export const listChosen = (db: Knex, some: Partial<Chosen>): Promise<Chosen[]> =>
  db('project_endpoints')
    .where({ ...some })
    .select('projectId', 'endpointId');

export async function ensureChosen(tx: Knex, chosen: Chosen): Promise<void> {
  await tx('project_endpoints').insert(chosen).onConflict(['projectId', 'endpointId']).ignore();
}

export async function removeChosen(tx: Knex, chosen: Chosen): Promise<void> {
  const gone = await tx('project_endpoints')
    .where({ ...chosen })
    .delete();
  if (!gone) throw couldNotFind('endpoint', chosen.endpointId);
}

export const listChosenGroups = (db: Knex, some: Partial<ChosenGroup>): Promise<ChosenGroup[]> =>
  db('project_endpoint_groups')
    .where({ ...some })
    .select('projectId', 'endpointGroupId');

export async function ensureChosenGroup(tx: Knex, chosen: ChosenGroup): Promise<void> {
  await tx('project_endpoint_groups').insert(chosen).onConflict(['projectId', 'endpointGroupId']).ignore();
}

export async function removeChosenGroup(tx: Knex, chosen: ChosenGroup): Promise<void> {
  const gone = await tx('project_endpoint_groups')
    .where({ ...chosen })
    .delete();
  if (!gone) throw couldNotFind('endpoint group', chosen.endpointGroupId);
}

export async function groupsOf(db: Knex, projectId: string): Promise<EndpointGroup[]> {
  const ids = new Set((await listChosenGroups(db, { projectId })).map(({ endpointGroupId }) => endpointGroupId));
  return ids.size === 0 ? [] : (await endpointGroups.list(db, {})).filter(({ id }) => ids.has(id));
}

export function isIn({ filters }: EndpointGroup, endpoint: Endpoint): boolean {
  const facts: Readonly<Record<string, unknown>> = {
    service_id: endpoint.serviceId,
    region_id: endpoint.regionId,
    interface: endpoint.interface,
    enabled: endpoint.enabled,
  };
  return Object.entries(filters).every(([key, value]) => facts[key] === value);
}

export const forgetEndpoint = (tx: Knex, endpointId: string) => tx('project_endpoints').where({ endpointId }).delete();

export const forgetGroup = (tx: Knex, endpointGroupId: string) =>
  tx('project_endpoint_groups').where({ endpointGroupId }).delete();
