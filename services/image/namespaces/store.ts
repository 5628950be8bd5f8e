import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { whereAllowed } from '#shared/auth/policy.ts';
import { onDuplicate } from '#shared/db/errors.ts';
import { applyPage } from '#shared/db/page.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { Namespace } from './attributes.ts';

export interface NamespaceQuery {
  readonly visibility: string | undefined;
  readonly owner: string | undefined;
  /** Those that are associated with one of these. */
  readonly resourceTypes: readonly string[] | undefined;
  readonly sortBy: 'createdAt' | 'updatedAt' | 'namespace';
  readonly descending: boolean;
  readonly marker: string | undefined;
  readonly limit: number;
}

export const namespaceNotFound = (name: string) =>
  new Fault(404, 'notFound', `The metadata definition namespace ${name} was not found.`);

/** One page of those that the caller may see. */
export async function listNamespaces(db: Knex, caller: Caller, asked: NamespaceQuery): Promise<Namespace[]> {
  const { visibility, owner, resourceTypes, sortBy, descending, marker, limit } = asked;
  const query: Knex.QueryBuilder = db<Namespace>('metadef_namespaces');
  if (visibility !== undefined) query.where({ visibility });
  if (owner !== undefined) query.where({ owner });
  if (resourceTypes)
    query.whereIn('id', db('metadef_associations').whereIn('name', resourceTypes).select('namespaceId'));
  whereAllowed(query, caller, 'get_metadef_namespace');
  const after = marker === undefined ? undefined : { ...(await getNamespace(db, marker)) };
  const sorts = [sortBy, 'id'].map((column) => ({ column, descending, notNull: true }));
  applyPage(query, { sorts, limit, ...(after && { after }) });
  return (await query) as Namespace[];
}

export const findNamespace = async (db: Knex, namespace: string): Promise<Namespace | undefined> =>
  (await db<Namespace>('metadef_namespaces').where({ namespace }).first()) as Namespace | undefined;

export async function getNamespace(db: Knex, namespace: string): Promise<Namespace> {
  const found = await findNamespace(db, namespace);
  if (!found) throw namespaceNotFound(namespace);
  return found;
}

const taken = (name: string) => () => conflict(`The metadata definition namespace ${name} already exists.`);

export const insertNamespace = (tx: Knex, row: Namespace) =>
  onDuplicate(tx<Namespace>('metadef_namespaces').insert(row), taken(row.namespace));

export const updateNamespace = (tx: Knex, { id, ...row }: Namespace) =>
  onDuplicate(tx<Namespace>('metadef_namespaces').where({ id }).update(row), taken(row.namespace));

/** With all that is defined in it. Returns false when it is protected or was deleted meanwhile. */
export async function deleteNamespace(tx: Knex, id: string): Promise<boolean> {
  if ((await tx<Namespace>('metadef_namespaces').where({ id, isProtected: false }).delete()) === 0) return false;
  await tx('metadef_definitions').where({ namespaceId: id }).delete();
  await tx('metadef_associations').where({ namespaceId: id }).delete();
  return true;
}
