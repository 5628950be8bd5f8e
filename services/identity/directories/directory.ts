import type { Filters } from '../filters/store.ts';
import type { Group } from '../groups/resource.ts';
import type { User } from '../users/resource.ts';

/**
 * The users and groups of a domain, from our own tables or from LDAP, by their Keystone ids. A list may stop after
 * `max` items.
 */
export interface Directory {
  findUser(id: string): Promise<User | undefined>;
  findUserNamed(name: string): Promise<User | undefined>;
  listUsers(filters: Filters, max?: number): Promise<User[]>;
  findGroup(id: string): Promise<Group | undefined>;
  findGroupNamed(name: string): Promise<Group | undefined>;
  listGroups(filters: Filters, max?: number): Promise<Group[]>;
  listGroupsOf(userId: string): Promise<Group[]>;
  listMembersOf(groupId: string, filters: Filters): Promise<User[]>;
  isMember(groupId: string, userId: string): Promise<boolean>;
  /** Whether the password is right. False for no user, after the same time. */
  verify(user: User | undefined, password: string): Promise<boolean>;
}
