/** Endpoints associated with projects, directly or by endpoint groups. */
import type { Knex } from 'knex';
import { type Endpoint, endpoint } from '../catalog/resource.ts';
import type { Project } from '../projects/resource.ts';
import { listProjectsIn } from '../projects/store.ts';
import { couldNotFind, type Query } from '../resources/store.ts';
import { type EndpointGroup, endpointGroup, filterColumns } from './resource.ts';

/** The two tables of pairs: a project, and an endpoint or a group of endpoints. */
export const associations = {
  endpoint: pairsOf('project_endpoints', 'endpointId', 'endpoint'),
  group: pairsOf('project_endpoint_groups', 'endpointGroupId', 'endpoint group'),
};

function pairsOf(table: string, key: string, noun: string) {
  const rowOf = (projectId: string, id: string) => ({ projectId, [key]: id });
  return {
    ensure: async (tx: Knex, projectId: string, id: string): Promise<void> => {
      await tx(table).insert(rowOf(projectId, id)).onConflict(['projectId', key]).ignore();
    },
    /** Throws 404. */
    require: async (db: Knex, projectId: string, id: string): Promise<void> => {
      if (!(await db(table).where(rowOf(projectId, id)).first(key))) throw couldNotFind(noun, id);
    },
    /** Throws 404. */
    remove: async (tx: Knex, projectId: string, id: string): Promise<void> => {
      if (!(await tx(table).where(rowOf(projectId, id)).delete())) throw couldNotFind(noun, id);
    },
    removeAll: (tx: Knex, id: string) =>
      tx(table)
        .where({ [key]: id })
        .delete(),
    listProjects: (db: Knex, id: string): Promise<Project[]> =>
      listProjectsIn(
        db,
        db(table)
          .where({ [key]: id })
          .select('projectId'),
      ),
    /** A subquery of the ids that are associated with a project. */
    idsOf: (db: Knex, projectId: string) => db(table).where({ projectId }).select(key),
  };
}

export const listGroupsOf = (db: Knex, projectId: string): Promise<EndpointGroup[]> =>
  endpointGroup.rows.list(db, { narrow: (query) => query.whereIn('id', associations.group.idsOf(db, projectId)) });

function inGroup(query: Query, { filters }: EndpointGroup): void {
  for (const [key, column] of Object.entries(filterColumns)) {
    const value = filters[key];
    if (value === undefined) continue;
    const fits = value === null || typeof value === (key === 'enabled' ? 'boolean' : 'string');
    if (fits) query.where(column, value as string | boolean | null);
    else query.whereRaw('1 = 0'); // no endpoint has a value of another type
  }
}

export const listEndpointsOfGroup = (db: Knex, group: EndpointGroup): Promise<Endpoint[]> =>
  endpoint.rows.list(db, { narrow: (query) => inGroup(query, group) });

/** Endpoints associated directly, and those of groups; undefined for a project without either. */
export async function listEndpointsOfProject(db: Knex, projectId: string): Promise<Endpoint[] | undefined> {
  const groups = await listGroupsOf(db, projectId);
  const direct = associations.endpoint.idsOf(db, projectId);
  if (groups.length === 0 && !(await direct.clone().first())) return undefined;
  const narrow = (query: Query) =>
    query.where((any: Query) => {
      any.whereIn('id', direct);
      for (const group of groups) any.orWhere((all: Query) => inGroup(all, group));
    });
  return endpoint.rows.list(db, { narrow });
}
