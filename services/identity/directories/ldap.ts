/** A directory in LDAP. Its users and groups have public ids, which are stored when an entry is first seen. */
import type { Identity } from '../context.ts';
import type { LdapDirectory } from '../drivers/ldap/directory.ts';
import type { LdapGroup, LdapUser } from '../drivers/ldap/entries.ts';
import type { Group } from '../groups/resource.ts';
import { newUser, type User } from '../users/resource.ts';
import type { Directory } from './directory.ts';
import { comparisonsOf, matchesFilters } from './filters.ts';
import { publicIdOf } from './public-id.ts';
import { ensureMappings, findMapping, type Mapping } from './store.ts';

type Kind = Mapping['kind'];

export function ldapOf({ db }: Pick<Identity, 'db'>, domainId: string, ldap: LdapDirectory): Directory {
  const mappingOf = (kind: Kind, { localId }: LdapUser | LdapGroup): Mapping => {
    const local = { domainId, kind, localId };
    return { ...local, publicId: publicIdOf(local) };
  };
  /** Stores the public id of each entry; sorted by it. */
  const withPublicIds = async <T extends LdapUser | LdapGroup>(
    kind: Kind,
    found: readonly T[],
  ): Promise<[string, T][]> => {
    const each = new Map(found.map((thing) => [mappingOf(kind, thing).publicId, thing]));
    await ensureMappings(
      db,
      [...each.values()].map((thing) => mappingOf(kind, thing)),
    );
    return [...each].toSorted(([a], [b]) => a.localeCompare(b));
  };
  const users = async (found: readonly (LdapUser | undefined)[]) =>
    (await withPublicIds('user', present(found))).map(([id, ldapUser]) => userOf(id, domainId, ldapUser));
  const groups = async (found: readonly (LdapGroup | undefined)[]) =>
    (await withPublicIds('group', present(found))).map(([id, ldapGroup]) => groupOf(id, domainId, ldapGroup));
  const localId = async (kind: Kind, id: string) => {
    const mapping = await findMapping(db, id);
    return mapping?.domainId === domainId && mapping.kind === kind ? mapping.localId : undefined;
  };
  const ldapUser = async (id: string) => {
    const local = await localId('user', id);
    return local === undefined ? undefined : ldap.users.byId(local);
  };
  const ldapGroup = async (id: string) => {
    const local = await localId('group', id);
    return local === undefined ? undefined : ldap.groups.byId(local);
  };
  const listGroupsOf = async (userId: string) => {
    const found = await ldapUser(userId);
    return found ? groups(await ldap.groupsOf(found)) : [];
  };
  return {
    findUser: async (id) => (await users([await ldapUser(id)]))[0],
    findUserNamed: async (name) => (await users([await ldap.users.named(name)]))[0],
    listUsers: async (filters) => {
      const comparisons = comparisonsOf(filters);
      return (await users(await ldap.users.list(comparisons))).filter((user) => matchesFilters(user, comparisons));
    },
    findGroup: async (id) => (await groups([await ldapGroup(id)]))[0],
    findGroupNamed: async (name) => (await groups([await ldap.groups.named(name)]))[0],
    listGroups: async (filters) => {
      const comparisons = comparisonsOf(filters);
      return (await groups(await ldap.groups.list(comparisons))).filter((group) => matchesFilters(group, comparisons));
    },
    listGroupsOf,
    listMembersOf: async (groupId, filters) => {
      const found = await ldapGroup(groupId);
      const members = found ? await users(await ldap.membersOf(found)) : [];
      return members.filter((user) => matchesFilters(user, comparisonsOf(filters)));
    },
    isMember: async (groupId, userId) => (await listGroupsOf(userId)).some(({ id }) => id === groupId),
    verify: async (user, password) => ldap.accepts(user && (await ldapUser(user.id)), password),
  };
}

const present = <T>(found: readonly (T | undefined)[]): T[] => found.filter((each) => each !== undefined);

/** Password rules and options of such users are the directory's own. */
const userOf = (id: string, domainId: string, { name, enabled, defaultProjectId, extra }: LdapUser): User => ({
  ...newUser(id, name, domainId),
  enabled,
  defaultProjectId,
  extra,
});

const groupOf = (id: string, domainId: string, { name, description, extra }: LdapGroup): Group => ({
  id,
  name,
  domainId,
  description,
  extra,
});
