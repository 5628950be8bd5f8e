import type { Knex } from 'knex';
import type { Filters } from '../filters/store.ts';
import type { Query } from '../resources/store.ts';
import { type Limit, limit } from './resource.ts';

/** Of a token: a domain with its projects, or one project. */
export type OwnerScope = 'all' | { readonly domainId: string | null; readonly projectId: string | null };

export function listLimitsIn(db: Knex, filters: Filters, scope: OwnerScope): Promise<Limit[]> {
  const narrow = (query: Query) => {
    if (scope === 'all') return;
    const { domainId, projectId } = scope;
    if (domainId === null) query.where({ ownerKind: 'project', ownerId: projectId });
    else query.whereIn('ownerId', db('projects').where({ domainId }).select('id')); // a domain is in itself
  };
  return limit.rows.list(db, { filters, narrow });
}

/** The limits of the same resource whose projects are right below a project or domain. */
export const listLimitsBelow = (db: Knex, place: Partial<Limit>, parentId: string): Promise<Limit[]> =>
  limit.rows.list(db, {
    narrow: (query) => query.where({ ...place }).whereIn('ownerId', db('projects').where({ parentId }).select('id')),
  });
