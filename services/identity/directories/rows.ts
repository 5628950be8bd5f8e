/** Users and groups in our own rows: the usual directory. */
import type { Identity } from '../context.ts';
import { findGroup, findGroupNamed, isMember, listGroups, listGroupsOf, listMemberIds } from '../groups/store.ts';
import { findUser, listUsers, listUsersOf } from '../users/store.ts';
import type { Directory } from './directory.ts';

export const rowsOf = ({ db, hasher }: Pick<Identity, 'db' | 'hasher'>, domainId: string): Directory => ({
  findUser: (id) => findUser(db, { id }),
  findUserNamed: (name) => findUser(db, { domainId, nameLower: name.toLowerCase() }),
  listUsers: (filters, most) => listUsers(db, filters, most),
  findGroup: (id) => findGroup(db, id),
  findGroupNamed: (name) => findGroupNamed(db, domainId, name),
  listGroups: (filters, most) => listGroups(db, filters, most),
  groupsOf: (userId) => listGroupsOf(db, userId),
  membersOf: async (groupId, filters) => listUsersOf(db, await listMemberIds(db, groupId), filters),
  isMember: (groupId, userId) => isMember(db, groupId, userId),
  verify: (user, password) => hasher.verify(password, user?.passwordHash ?? null),
});
