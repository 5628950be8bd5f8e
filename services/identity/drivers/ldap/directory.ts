/** Users and groups of an LDAP directory, by its own ids. Read only. */
import type { Entry } from 'ldapts';
import { type Connection, openConnection } from './connection.ts';
import { escapeDn, normalDn } from './dn.ts';
import { enabledByGroup } from './emulation.ts';
import { attributesOf, groupMap, groupOf, idValue, type LdapGroup, type LdapUser, userMap, userOf } from './entries.ts';
import { all, compares, equals, type Filter, present, written } from './filter.ts';
import { groupsOf, membersOf } from './membership.ts';
import { groupTree, type LdapOptions, userTree } from './options.ts';
import type { Branch, Comparison, Trees } from './tree.ts';

export interface LdapDirectory extends Trees {
  groupsOf(user: LdapUser): Promise<LdapGroup[]>;
  membersOf(group: LdapGroup): Promise<LdapUser[]>;
  /** Whether a bind with the password succeeds. False for no user, after the same time. */
  accepts(user: LdapUser | undefined, password: string): Promise<boolean>;
  close(): void;
}

export function openDirectory(options: LdapOptions, connection = openConnection(options)): LdapDirectory {
  const [ofUsers, ofGroups] = [userMap(options), groupMap(options)];
  const readUsers = async (entries: readonly Entry[]) => {
    const read = entries.map((entry) => userOf(entry, ofUsers, options)).filter((each) => each !== undefined);
    return options.user_enabled_emulation ? enabledByGroup(connection, options, read) : read;
  };
  const users = branchOf(connection, options, {
    base: userTree(options),
    filter: ofClass(options.user_objectclass, options.user_filter),
    map: ofUsers,
    read: readUsers,
  });
  const groups = branchOf(connection, options, {
    base: groupTree(options),
    filter: ofClass(options.group_objectclass, options.group_filter),
    map: ofGroups,
    read: async (entries) => entries.map((entry) => groupOf(entry, ofGroups)).filter((each) => each !== undefined),
  });
  const nobody = `${options.user_id_attribute}=${escapeDn('nobody-of-this-name')},${users.base}`;
  const accepts = async (user: LdapUser | undefined, password: string) => {
    const right = await connection.accepts(user?.dn ?? nobody, password);
    return right && user !== undefined;
  };
  const parts = { options, connection, users, groups };
  return {
    ...parts,
    accepts,
    groupsOf: (user) => groupsOf(parts, user),
    membersOf: (group) => membersOf(parts, group),
    close: connection.close,
  };
}

const ofClass = (name: string, filter: string): Filter =>
  filter.trim() === '' ? equals('objectClass', name) : all(equals('objectClass', name), written(filter));

interface BranchOptions<T> {
  readonly base: string;
  readonly filter: Filter;
  readonly map: ReturnType<typeof userMap>;
  readonly read: (entries: readonly Entry[]) => Promise<T[]>;
}

function branchOf<T extends LdapUser | LdapGroup>(
  connection: Connection,
  { query_scope: scope }: LdapOptions,
  { base, filter, map, read }: BranchOptions<T>,
): Branch<T> {
  const attributes = attributesOf(map);
  const search = async (...filters: readonly Filter[]) =>
    read(await connection.search({ base, scope, filter: all(filter, ...filters), attributes }));
  const nameAttribute = map.fields.name ?? map.id;
  const named = async (name: string) => {
    const found = name === '' ? [] : await search(equals(nameAttribute, name));
    return found.toSorted((a, b) => normalDn(a.dn).localeCompare(normalDn(b.dn)))[0];
  };
  const list = (comparisons: readonly Comparison[]) => {
    const filters = comparisons.map(({ field, comparison, value }) => {
      const attribute = map.fields[field];
      return attribute === undefined || field === 'enabled' ? undefined : compares(attribute, comparison, value);
    });
    return search(present(map.id), ...filters.filter((each) => each !== undefined));
  };
  const byId = async (localId: string) => {
    const found = await search(equals(map.id, idValue(map.id, localId)));
    return found.find((each) => each.localId === localId); // the comparison of LDAP may ignore case
  };
  return { base, search, byId, named, list };
}
