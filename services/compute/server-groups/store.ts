import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import { rowsOf } from '#shared/db/json-columns.ts';
import { Fault } from '#shared/errors/fault.ts';

export const groupPolicies = ['anti-affinity', 'affinity', 'soft-anti-affinity', 'soft-affinity'] as const;
export type GroupPolicy = (typeof groupPolicies)[number];

export interface ServerGroup {
  readonly sequence: number;
  readonly id: string;
  readonly projectId: string;
  readonly userId: string;
  readonly name: string;
  readonly policy: GroupPolicy;
  readonly rules: { readonly max_server_per_host?: number };
  readonly createdAt: number;
}

const rows = rowsOf<ServerGroup>('rules');

export const missingGroup = (id: string) => new Fault(404, 'notFound', `Instance group ${id} could not be found.`);

export const insertGroup = async (tx: Knex, group: Omit<ServerGroup, 'sequence'>): Promise<void> => {
  await tx('server_groups').insert(rows.write(group));
};

export const findGroup = (db: Knex, id: string): Promise<ServerGroup | undefined> =>
  rows.find(db('server_groups').where({ id }));

/** Throws 404 for a group of another project, except for administrators. */
export async function getGroup(db: Knex, caller: Caller, id: string): Promise<ServerGroup> {
  const scope = may(caller, 'context_is_admin') ? {} : { projectId: caller.projectId };
  const group = await rows.find(db('server_groups').where({ id, ...scope }));
  if (!group) throw missingGroup(id);
  return group;
}

interface GroupPage {
  /** Null for those of all projects. */
  readonly projectId: string | null;
  readonly limit: number;
  readonly offset: number;
}

export const listGroups = (db: Knex, { projectId, limit, offset }: GroupPage): Promise<ServerGroup[]> =>
  rows.list(
    db('server_groups')
      .where(projectId === null ? {} : { projectId })
      .orderBy('sequence')
      .limit(limit)
      .offset(offset),
  );

/** Its servers are in no group afterwards. */
export async function removeGroup(tx: Knex, id: string): Promise<void> {
  await tx('servers')
    .where({ groupId: id })
    .update({ groupId: null, version: tx.raw('version + 1') });
  await tx('server_groups').where({ id }).delete();
}

export const countGroups = async (tx: Knex, projectId: string): Promise<number> => {
  const [found] = (await tx('server_groups').where({ projectId }).count({ count: '*' })) as [{ count: number }];
  return Number(found.count);
};

interface Member {
  readonly id: string;
  readonly groupId: string;
  readonly host: string | null;
}

export const listMembers = (db: Knex, groupIds: readonly string[]): Promise<Member[]> =>
  db('servers')
    .whereIn('groupId', groupIds)
    .where({ deletedAt: null })
    .orderBy('sequence')
    .select('id', 'groupId', 'host');

/** Until the transaction ends, no other server of the group is placed. */
export const lockGroup = async (tx: Knex, id: string): Promise<void> => {
  await tx('server_groups').where({ id }).forUpdate().first('id');
};
