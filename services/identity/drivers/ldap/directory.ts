/** Users and groups as a directory has them, by the ids that it knows them by. It is only ever read. */
import type { Entry } from 'ldapts';
import { type Connection, openConnection } from './connection.ts';
import { escapeDn, normalDn } from './dn.ts';
import { enabledByGroup } from './emulation.ts';
import { attributesOf, idValue, type Person, personMap, personOf, type Team, teamMap, teamOf } from './entries.ts';
import { all, compares, equals, type Filter, present, written } from './filter.ts';
import { membersOf, teamsOf } from './membership.ts';
import { groupTree, type LdapOptions, userTree } from './options.ts';

/** `name__contains=x`. */
export interface Comparison {
  readonly field: string;
  readonly comparison: string;
  readonly value: string;
}

/** One of the two trees: what is in it, and how it reads. */
export interface Branch<T> {
  readonly base: string;
  /** Those that pass its filters, and these. */
  search(...filters: readonly Filter[]): Promise<T[]>;
  byId(localId: string): Promise<T | undefined>;
  /** The first of that name. */
  named(name: string): Promise<T | undefined>;
  /** At least all that fit: what the directory cannot compare, it does not. */
  list(comparisons: readonly Comparison[]): Promise<T[]>;
}

export interface LdapDirectory {
  readonly options: LdapOptions;
  readonly connection: Connection;
  readonly people: Branch<Person>;
  readonly teams: Branch<Team>;
  teamsOf(person: Person): Promise<Team[]>;
  membersOf(team: Team): Promise<Person[]>;
  /** Whether it takes this password for them; nobody's is never right, after as long. */
  accepts(person: Person | undefined, password: string): Promise<boolean>;
  close(): void;
}

export function openDirectory(options: LdapOptions, connection = openConnection(options)): LdapDirectory {
  const [ofPeople, ofTeams] = [personMap(options), teamMap(options)];
  const readPeople = async (entries: readonly Entry[]) => {
    const read = entries.map((entry) => personOf(entry, ofPeople, options)).filter((each) => each !== undefined);
    return options.user_enabled_emulation ? enabledByGroup(connection, options, read) : read;
  };
  const people = branchOf(connection, options, {
    base: userTree(options),
    filter: ofClass(options.user_objectclass, options.user_filter),
    map: ofPeople,
    read: readPeople,
  });
  const teams = branchOf(connection, options, {
    base: groupTree(options),
    filter: ofClass(options.group_objectclass, options.group_filter),
    map: ofTeams,
    read: async (entries) => entries.map((entry) => teamOf(entry, ofTeams)).filter((each) => each !== undefined),
  });
  const nobody = `${options.user_id_attribute}=${escapeDn('nobody-of-this-name')},${people.base}`;
  const accepts = async (person: Person | undefined, password: string) => {
    const right = await connection.accepts(person?.dn ?? nobody, password);
    return right && person !== undefined;
  };
  const parts = { options, connection, people, teams };
  return {
    ...parts,
    accepts,
    teamsOf: (person) => teamsOf(parts, person),
    membersOf: (team) => membersOf(parts, team),
    close: connection.close,
  };
}

const ofClass = (name: string, filter: string): Filter =>
  filter.trim() === '' ? equals('objectClass', name) : all(equals('objectClass', name), written(filter));

interface BranchOptions<T> {
  readonly base: string;
  readonly filter: Filter;
  readonly map: ReturnType<typeof personMap>;
  readonly read: (entries: readonly Entry[]) => Promise<T[]>;
}

function branchOf<T extends Person | Team>(
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
    return found.find((each) => each.localId === localId); // a directory finds ANN where ann was asked for
  };
  return { base, search, byId, named, list };
}
