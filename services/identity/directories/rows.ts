/** The directory in our own tables, the default. */
import type { Identity } from '../context.ts';
import { findGroup, findGroupNamed, isMember, listGroups, listGroupsOf, listMemberIds } from '../groups/store.ts';
import { findUser, listUsers, listUsersOf } from '../users/store.ts';
import type { Directory } from './directory.ts';

export const rowsOf = ({ db, hasher }: Pick<Identity, 'db' | 'hasher'>, domainId: string): Directory => ({
  findUser: (id) => findUser(db, { id }),
  findUserNamed: (name) => findUser(db, { domainId, nameLower: name.toLowerCase() }),
  listUsers: (filters, max) => listUsers(db, filters, max),
  findGroup: (id) => findGroup(db, id),
  findGroupNamed: (name) => findGroupNamed(db, domainId, name),
  listGroups: (filters, max) => listGroups(db, filters, max),
  listGroupsOf: (userId) => listGroupsOf(db, userId),
  listMembersOf: async (groupId, filters) => listUsersOf(db, await listMemberIds(db, groupId), filters),
  isMember: (groupId, userId) => isMember(db, groupId, userId),
  verify: (user, password) => hasher.verify(password, user?.passwordHash ?? null),
});
