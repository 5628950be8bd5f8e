/** Endpoints associated with projects, directly or by endpoint groups. */
import type { Knex } from 'knex';
import type { Endpoint } from '../catalog/store.ts';
import { recordsOf } from '../collection/store.ts';
import { couldNotFind } from '../projects/store.ts';

export interface EndpointGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** Keys service_id, region_id, interface and enabled; all must match. */
  readonly filters: Readonly<Record<string, unknown>>;
}

export const endpointGroups = recordsOf<EndpointGroup>({
  table: 'endpoint_groups',
  what: 'endpoint group',
  json: ['filters'],
  filters: { name: 'name' },
});

export interface EndpointAssociation {
  readonly projectId: string;
  readonly endpointId: string;
}
export interface GroupAssociation {
  readonly projectId: string;
  readonly endpointGroupId: string;
}

export const listEndpointAssociations = (
  db: Knex,
  filter: Partial<EndpointAssociation>,
): Promise<EndpointAssociation[]> =>
  db('project_endpoints')
    .where({ ...filter })
    .select('projectId', 'endpointId');

export async function ensureEndpointAssociation(tx: Knex, associated: EndpointAssociation): Promise<void> {
  await tx('project_endpoints').insert(associated).onConflict(['projectId', 'endpointId']).ignore();
}

export async function removeEndpointAssociation(tx: Knex, associated: EndpointAssociation): Promise<void> {
  const gone = await tx('project_endpoints')
    .where({ ...associated })
    .delete();
  if (!gone) throw couldNotFind('endpoint', associated.endpointId);
}

export const listGroupAssociations = (db: Knex, filter: Partial<GroupAssociation>): Promise<GroupAssociation[]> =>
  db('project_endpoint_groups')
    .where({ ...filter })
    .select('projectId', 'endpointGroupId');

export async function ensureGroupAssociation(tx: Knex, associated: GroupAssociation): Promise<void> {
  await tx('project_endpoint_groups').insert(associated).onConflict(['projectId', 'endpointGroupId']).ignore();
}

export async function removeGroupAssociation(tx: Knex, associated: GroupAssociation): Promise<void> {
  const gone = await tx('project_endpoint_groups')
    .where({ ...associated })
    .delete();
  if (!gone) throw couldNotFind('endpoint group', associated.endpointGroupId);
}

export async function groupsOf(db: Knex, projectId: string): Promise<EndpointGroup[]> {
  const ids = new Set((await listGroupAssociations(db, { projectId })).map(({ endpointGroupId }) => endpointGroupId));
  return ids.size === 0 ? [] : (await endpointGroups.list(db, {})).filter(({ id }) => ids.has(id));
}

export function matchesGroup({ filters }: EndpointGroup, endpoint: Endpoint): boolean {
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
