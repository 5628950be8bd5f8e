import type { Filters } from '#shared/db/filters.ts';
import type { Group } from '../groups/store.ts';
import type { User } from '../users/store.ts';

/** The users and groups of a domain, wherever it keeps them, by the ids that everybody knows. A list may end past `most`. */
export interface Directory {
  findUser(id: string): Promise<User | undefined>;
  findUserNamed(name: string): Promise<User | undefined>;
  listUsers(filters: Filters, most?: number): Promise<User[]>;
  findGroup(id: string): Promise<Group | undefined>;
  findGroupNamed(name: string): Promise<Group | undefined>;
  listGroups(filters: Filters, most?: number): Promise<Group[]>;
  groupsOf(userId: string): Promise<Group[]>;
  membersOf(groupId: string, filters: Filters): Promise<User[]>;
  isMember(groupId: string, userId: string): Promise<boolean>;
  /** Whether this is their password. Nobody's is never right, after as long. */
  verify(user: User | undefined, password: string): Promise<boolean>;
}
