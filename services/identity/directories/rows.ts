/** The directory in our own tables, the default. */
import type { Identity } from '../context.ts';
import { group } from '../groups/resource.ts';
import { isMember, listGroupsOf } from '../groups/store.ts';
import { findUser, listMembers, listUsers } from '../users/store.ts';
import type { Directory } from './directory.ts';

export const rowsOf = ({ db, hasher }: Pick<Identity, 'db' | 'hasher'>, domainId: string): Directory => ({
  findUser: (id) => findUser(db, { id }),
  findUserNamed: (name) => findUser(db, { domainId, name }),
  listUsers: (filters, max) => listUsers(db, filters, max),
  findGroup: (id) => group.rows.find(db, { id }),
  findGroupNamed: (name) => group.rows.find(db, { domainId, name }),
  listGroups: (filters, max) => group.rows.list(db, { filters, ...(max === undefined ? {} : { max }) }),
  listGroupsOf: (userId) => listGroupsOf(db, userId),
  listMembersOf: (groupId, filters) => listMembers(db, groupId, filters),
  isMember: (groupId, userId) => isMember(db, groupId, userId),
  verify: (user, password) => hasher.verify(password, user?.passwordHash ?? null),
});
