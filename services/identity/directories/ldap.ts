/** The users and groups of a domain that an LDAP directory keeps, under ids of our own that are remembered at first sight. */
import type { Identity } from '../context.ts';
import type { LdapDirectory } from '../drivers/ldap/directory.ts';
import type { Person, Team } from '../drivers/ldap/entries.ts';
import type { Group } from '../groups/store.ts';
import { newUser, type User } from '../users/store.ts';
import type { Directory } from './directory.ts';
import { comparisonsOf, fits } from './filters.ts';
import { publicIdOf } from './public-id.ts';
import { ensureMappings, findMapping, type Mapping } from './store.ts';

type Kind = Mapping['kind'];

export function ldapOf({ db }: Pick<Identity, 'db'>, domainId: string, ldap: LdapDirectory): Directory {
  const mappingOf = (kind: Kind, { localId }: Person | Team): Mapping => {
    const local = { domainId, kind, localId };
    return { ...local, publicId: publicIdOf(local) };
  };
  /** Each once, and from now on found by its id. */
  const kept = async <T extends Person | Team>(kind: Kind, found: readonly T[]): Promise<[string, T][]> => {
    const each = new Map(found.map((thing) => [mappingOf(kind, thing).publicId, thing]));
    await ensureMappings(
      db,
      [...each.values()].map((thing) => mappingOf(kind, thing)),
    );
    return [...each].toSorted(([a], [b]) => a.localeCompare(b));
  };
  const users = async (found: readonly (Person | undefined)[]) =>
    (await kept('user', present(found))).map(([id, person]) => userOf(id, domainId, person));
  const groups = async (found: readonly (Team | undefined)[]) =>
    (await kept('group', present(found))).map(([id, team]) => groupOf(id, domainId, team));
  const localId = async (kind: Kind, id: string) => {
    const mapping = await findMapping(db, id);
    return mapping?.domainId === domainId && mapping.kind === kind ? mapping.localId : undefined;
  };
  const person = async (id: string) => {
    const local = await localId('user', id);
    return local === undefined ? undefined : ldap.people.byId(local);
  };
  const team = async (id: string) => {
    const local = await localId('group', id);
    return local === undefined ? undefined : ldap.teams.byId(local);
  };
  const groupsOf = async (userId: string) => {
    const found = await person(userId);
    return found ? groups(await ldap.teamsOf(found)) : [];
  };
  return {
    findUser: async (id) => (await users([await person(id)]))[0],
    findUserNamed: async (name) => (await users([await ldap.people.named(name)]))[0],
    listUsers: async (filters) => {
      const asked = comparisonsOf(filters);
      return (await users(await ldap.people.list(asked))).filter((user) => fits(user, asked));
    },
    findGroup: async (id) => (await groups([await team(id)]))[0],
    findGroupNamed: async (name) => (await groups([await ldap.teams.named(name)]))[0],
    listGroups: async (filters) => {
      const asked = comparisonsOf(filters);
      return (await groups(await ldap.teams.list(asked))).filter((group) => fits(group, asked));
    },
    groupsOf,
    membersOf: async (groupId, filters) => {
      const found = await team(groupId);
      const members = found ? await users(await ldap.membersOf(found)) : [];
      return members.filter((user) => fits(user, comparisonsOf(filters)));
    },
    isMember: async (groupId, userId) => (await groupsOf(userId)).some(({ id }) => id === groupId),
    verify: async (user, password) => ldap.accepts(user && (await person(user.id)), password),
  };
}

const present = <T>(found: readonly (T | undefined)[]): T[] => found.filter((each) => each !== undefined);

/** Passwords, and what is said of them here, are the directory's own affair. */
const userOf = (id: string, domainId: string, { name, enabled, defaultProjectId, extra }: Person): User => ({
  ...newUser(id, name, domainId),
  enabled,
  defaultProjectId,
  extra,
});

const groupOf = (id: string, domainId: string, { name, description, extra }: Team): Group => ({
  id,
  name,
  domainId,
  description,
  extra,
});
