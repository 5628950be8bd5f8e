/** The two trees of a directory, users and groups, as membership is found in them. */
import type { Connection } from './connection.ts';
import type { LdapGroup, LdapUser } from './entries.ts';
import type { Filter } from './filter.ts';
import type { LdapOptions } from './options.ts';

/** The query parameter `name__contains=x`. */
export interface Comparison {
  readonly field: string;
  readonly comparison: string;
  readonly value: string;
}

/** One of the two trees, users or groups. */
export interface Branch<T> {
  readonly base: string;
  /** The entries that match the filters of the options and these. */
  search(...filters: readonly Filter[]): Promise<T[]>;
  byId(localId: string): Promise<T | undefined>;
  /** The first entry with that name. */
  named(name: string): Promise<T | undefined>;
  /** Returns at least all matching entries: comparisons that LDAP does not support are left out. */
  list(comparisons: readonly Comparison[]): Promise<T[]>;
}

export interface Trees {
  readonly options: LdapOptions;
  readonly connection: Connection;
  readonly users: Branch<LdapUser>;
  readonly groups: Branch<LdapGroup>;
}
