/** Who is in which group: named by DN or by id, directly or through groups in groups. */
import type { LdapDirectory } from './directory.ts';
import { normalDn, parseDn } from './dn.ts';
import { idValue, type Person, type Team, valuesOf } from './entries.ts';
import { any, equals, everything, type Filter, inChain } from './filter.ts';

type Parts = Pick<LdapDirectory, 'options' | 'connection' | 'people' | 'teams'>;

/** Filters grow no longer than this. */
const atOnce = 100;

export async function teamsOf(directory: Parts, person: Person): Promise<Team[]> {
  const { options, teams } = directory;
  const { group_member_attribute: attribute, group_members_are_ids: byId } = options;
  if (byId) return teams.search(equals(attribute, person.localId));
  if (!options.group_ad_nesting) return teams.search(equals(attribute, person.dn));
  if (await followsChains(directory)) return teams.search(inChain('member', person.dn));
  return walk([person.dn], (dns) =>
    inPieces(dns, (piece) => teams.search(any(piece.map((dn) => equals(attribute, dn))))),
  );
}

export async function membersOf(directory: Parts, team: Team): Promise<Person[]> {
  const { options, people, teams } = directory;
  if (options.group_members_are_ids) {
    const id = options.user_id_attribute;
    return inPieces(await memberValues(directory, team.dn), (piece) =>
      people.search(any(piece.map((value) => equals(id, idValue(id, value))))),
    );
  }
  const nested = options.group_ad_nesting;
  if (nested && (await followsChains(directory))) return people.search(inChain('memberOf', team.dn));
  const inside = nested ? await walk([team.dn], async (dns) => byDn(teams, await valuesOfAll(directory, dns))) : [];
  return byDn(people, await valuesOfAll(directory, [team.dn, ...inside.map(({ dn }) => dn)]));
}

/** From step to step, each DN once: rings end. */
async function walk(from: readonly string[], step: (dns: readonly string[]) => Promise<Team[]>): Promise<Team[]> {
  const seen = new Set(from.map(normalDn));
  const found: Team[] = [];
  for (let at = from; at.length > 0; ) {
    const fresh = (await step(at)).filter(({ dn }) => !seen.has(normalDn(dn)));
    for (const { dn } of fresh) seen.add(normalDn(dn));
    found.push(...fresh);
    at = fresh.map(({ dn }) => dn);
  }
  return found;
}

const valuesOfAll = async (directory: Parts, dns: readonly string[]): Promise<string[]> =>
  (await Promise.all(dns.map((dn) => memberValues(directory, dn)))).flat();

/** Active Directory gives the members of a large group in ranges: `member;range=0-1499`. */
async function memberValues({ connection, options }: Parts, dn: string): Promise<string[]> {
  const attribute = options.group_member_attribute;
  const values: string[] = [];
  for (let asked: string | undefined = attribute; asked !== undefined; ) {
    const query = { base: dn, scope: 'base', filter: everything, attributes: [asked] } as const;
    const [entry] = await connection.search(query);
    if (!entry) break;
    const part = Object.keys(entry).find((key) => key.toLowerCase().startsWith(`${attribute.toLowerCase()};range=`));
    values.push(...valuesOf(entry, part ?? attribute));
    const last = part?.match(/-(\d+)$/)?.[1];
    asked = last === undefined ? undefined : `${attribute};range=${Number(last) + 1}-*`;
  }
  return values;
}

/** Many in one search, by what their own step of the DN says; then only those that are meant. */
async function byDn<T extends Person | Team>(
  branch: { search(...filters: readonly Filter[]): Promise<T[]> },
  dns: readonly string[],
): Promise<T[]> {
  const meant = new Set(dns.map(normalDn));
  const names = dns.map((dn) => parseDn(dn)?.[0]?.[0]).filter((part) => part !== undefined);
  const found = await inPieces(names, (piece) =>
    branch.search(any(piece.map(({ attribute, value }) => equals(attribute, value)))),
  );
  const known = new Map(found.map((each) => [normalDn(each.dn), each]));
  return [...known].filter(([dn]) => meant.has(dn)).map(([, each]) => each);
}

async function inPieces<A, B>(items: readonly A[], each: (piece: readonly A[]) => Promise<B[]>): Promise<B[]> {
  const found: B[] = [];
  for (let at = 0; at < items.length; at += atOnce) found.push(...(await each(items.slice(at, at + atOnce))));
  return found;
}

/** Active Directory, and Samba's, say so of themselves; others are walked. */
async function followsChains({ connection }: Parts): Promise<boolean> {
  const attribute = 'supportedCapabilities';
  const [root] = await connection.search({
    base: '',
    scope: 'base',
    filter: everything,
    attributes: [attribute],
  });
  return root !== undefined && valuesOf(root, attribute).includes('1.2.840.113556.1.4.800');
}
