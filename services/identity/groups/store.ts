import type { Knex } from 'knex';
import type { Query } from '../resources/store.ts';
import { type Group, group } from './resource.ts';

export const groupIdsOf = (db: Knex, domainId: string): Promise<string[]> =>
  db('groups').where({ domainId }).pluck('id');

/** With memberships and assignments, for groups of our own tables and of LDAP directories. */
export async function removeGroups(tx: Knex, ids: string[] | Query): Promise<void> {
  await tx('groups').whereIn('id', ids).delete();
  await tx('memberships').whereIn('groupId', ids).delete();
  await tx('assignments').where({ actorKind: 'group' }).whereIn('actorId', ids).delete();
}

export const isMember = async (db: Knex, groupId: string, userId: string): Promise<boolean> =>
  (await db('memberships').where({ groupId, userId }).first('userId')) !== undefined;

export async function ensureMember(tx: Knex, groupId: string, userId: string): Promise<void> {
  await tx('memberships').insert({ groupId, userId }).onConflict(['groupId', 'userId']).ignore();
}

export const removeMember = (tx: Knex, groupId: string, userId: string): Promise<number> =>
  tx('memberships').where({ groupId, userId }).delete();

export const listMemberIds = (db: Knex, groupId: string): Promise<string[]> =>
  db('memberships').where({ groupId }).pluck('userId');

export const listGroupsOf = (db: Knex, userId: string): Promise<Group[]> => {
  const ids = db('memberships').where({ userId }).select('groupId');
  return group.rows.list(db, { narrow: (query) => query.whereIn('id', ids) });
};
