/** Users and groups in our own rows: the usual directory. */
import type { Identity } from '../context.ts';
import { isMember, listGroups, listGroupsOf, listMemberIds, lookGroup, lookGroupNamed } from '../groups/store.ts';
import { listUsers, listUsersOf, lookUser } from '../users/store.ts';
import type { Directory } from './directory.ts';

export const rowsOf = ({ db, hasher }: Pick<Identity, 'db' | 'hasher'>, domainId: string): Directory => ({
  lookUser: (id) => lookUser(db, { id }),
  userNamed: (name) => lookUser(db, { domainId, nameLower: name.toLowerCase() }),
  listUsers: (filters, most) => listUsers(db, filters, most),
  lookGroup: (id) => lookGroup(db, id),
  groupNamed: (name) => lookGroupNamed(db, domainId, name),
  listGroups: (filters, most) => listGroups(db, filters, most),
  groupsOf: (userId) => listGroupsOf(db, userId),
  membersOf: async (groupId, filters) => listUsersOf(db, await listMemberIds(db, groupId), filters),
  isMember: (groupId, userId) => isMember(db, groupId, userId),
  verify: (user, password) => hasher.verify(password, user?.passwordHash ?? null),
});
