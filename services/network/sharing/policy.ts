/** Which rows are shared with a project, by the rows of RBAC policies: with that project or with all. */
import type { Knex } from 'knex';
import type { Membership } from '#shared/db/condition.ts';

type Query = Knex.QueryBuilder;

export type ObjectType = 'network' | 'security_group' | 'subnetpool' | 'address_scope' | 'address_group' | 'qos_policy';
export type SharingAction = 'access_as_shared' | 'access_as_external';

/** Which objects the rows of a resource are, or are part of. */
export interface Sharing {
  readonly type: ObjectType;
  /** The column with the id of the object. */
  readonly from: string;
}

export const everyProject = '*';

/** The ids of the objects that a project may use. */
export const selectShared =
  (type: ObjectType, action: SharingAction, projectId: string | null) =>
  (query: Query): void =>
    void query
      .select('objectId')
      .from('rbac_policies')
      .where({ objectType: type, action })
      .whereIn('targetProject', [everyProject, projectId ?? everyProject]);

/** For the rows of a rule (policy.ts): shared with the project of the caller, or external for it. */
export const sharedBy =
  ({ type, from }: Sharing, action: SharingAction = 'access_as_shared') =>
  ({ projectId }: { readonly projectId: string | null }): Membership => ({
    from,
    select: selectShared(type, action, projectId),
  });
