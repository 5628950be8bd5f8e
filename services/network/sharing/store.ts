import type { Knex } from 'knex';
import { freshRow } from '../resources/values.ts';
import { everyProject, type ObjectType, type SharingAction, selectShared } from './policy.ts';
import { type RbacPolicy, rbacPolicies } from './resource.ts';

const { rows } = rbacPolicies;

/** Those of the objects that are shared with the project. */
export async function sharedAmong(
  db: Knex,
  projectId: string | null,
  type: ObjectType,
  ids: readonly string[],
  action: SharingAction = 'access_as_shared',
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const query = db.queryBuilder();
  selectShared(type, action, projectId)(query);
  const found: { readonly objectId: string }[] = await query.whereIn('objectId', [...new Set(ids)]);
  return new Set(found.map(({ objectId }) => objectId));
}

interface Shared {
  readonly id: string;
  readonly projectId: string;
}

/** Whether any project may use it so. */
export const isSharedAs = async (db: Knex, objectId: string, action: SharingAction): Promise<boolean> =>
  (await rows.countOf(db, { objectId, action })) > 0;

/** Shares the object with all projects. Does nothing when it is shared with them. */
export async function ensureSharedWithAll(
  tx: Knex,
  { id: objectId, projectId }: Shared,
  objectType: ObjectType,
  action: SharingAction = 'access_as_shared',
): Promise<void> {
  const policy = { objectType, objectId, action, targetProject: everyProject };
  if ((await rows.countOf(tx, policy)) === 0) await rows.insert(tx, { ...freshRow(projectId, {}), ...policy });
}

/** Ends the sharing with all projects; with `action` access_as_external, that with any. */
export async function removeSharedWithAll(
  tx: Knex,
  objectId: string,
  action: SharingAction = 'access_as_shared',
): Promise<void> {
  const all = action === 'access_as_shared' ? { targetProject: everyProject } : {};
  await tx('rbac_policies')
    .where({ objectId, action, ...all })
    .delete();
}

/** Lists of the table are sorted by the flag, which is not counted as a change of the object. */
export const putShared = (tx: Knex, table: string, id: string, shared: boolean) =>
  tx(table).where({ id }).update({ shared });

/** For an object that is deleted. */
export const deletePoliciesOf = (tx: Knex, objectId: string) => tx('rbac_policies').where({ objectId }).delete();

export const isSharedWith = async (
  db: Knex,
  { objectId, action }: Pick<RbacPolicy, 'objectId' | 'action'>,
  targetProject: string,
): Promise<boolean> => (await rows.countOf(db, { objectId, action, targetProject })) > 0;
