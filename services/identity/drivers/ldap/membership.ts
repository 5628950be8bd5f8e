/** Group membership: by DN or by id, direct or nested. */
import { normalDn, parseDn } from './dn.ts';
import { idValue, type LdapGroup, type LdapUser, valuesOf } from './entries.ts';
import { any, equals, everything, type Filter, inChain } from './filter.ts';
import type { Trees } from './tree.ts';

/** Most terms in one filter. */
const chunkSize = 100;

export async function groupsOf(directory: Trees, user: LdapUser): Promise<LdapGroup[]> {
  const { options, groups } = directory;
  const { group_member_attribute: attribute, group_members_are_ids: byId } = options;
  if (byId) return groups.search(equals(attribute, user.localId));
  if (!options.group_ad_nesting) return groups.search(equals(attribute, user.dn));
  if (await followsChains(directory)) return groups.search(inChain('member', user.dn));
  return followAll([user.dn], (dns) =>
    inChunks(dns, (chunk) => groups.search(any(chunk.map((dn) => equals(attribute, dn))))),
  );
}

export async function membersOf(directory: Trees, group: LdapGroup): Promise<LdapUser[]> {
  const { options, users, groups } = directory;
  if (options.group_members_are_ids) {
    const id = options.user_id_attribute;
    return inChunks(await memberValues(directory, group.dn), (chunk) =>
      users.search(any(chunk.map((value) => equals(id, idValue(id, value))))),
    );
  }
  const nested = options.group_ad_nesting;
  if (nested && (await followsChains(directory))) return users.search(inChain('memberOf', group.dn));
  const nestedGroups = nested
    ? await followAll([group.dn], async (dns) => byDn(groups, await valuesOfAll(directory, dns)))
    : [];
  return byDn(users, await valuesOfAll(directory, [group.dn, ...nestedGroups.map(({ dn }) => dn)]));
}

/** Follows references breadth first, each DN once, so that cycles end. */
async function followAll(
  from: readonly string[],
  step: (dns: readonly string[]) => Promise<LdapGroup[]>,
): Promise<LdapGroup[]> {
  const seen = new Set(from.map(normalDn));
  const found: LdapGroup[] = [];
  for (let at = from; at.length > 0; ) {
    const fresh = (await step(at)).filter(({ dn }) => !seen.has(normalDn(dn)));
    for (const { dn } of fresh) seen.add(normalDn(dn));
    found.push(...fresh);
    at = fresh.map(({ dn }) => dn);
  }
  return found;
}

const valuesOfAll = async (directory: Trees, dns: readonly string[]): Promise<string[]> =>
  (await Promise.all(dns.map((dn) => memberValues(directory, dn)))).flat();

/** Active Directory returns the members of a large group in ranges: `member;range=0-1499`. */
async function memberValues({ connection, options }: Trees, dn: string): Promise<string[]> {
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

/** Finds entries by their RDN, many per search, then keeps those with the given DNs. */
async function byDn<T extends LdapUser | LdapGroup>(
  branch: { search(...filters: readonly Filter[]): Promise<T[]> },
  dns: readonly string[],
): Promise<T[]> {
  const wanted = new Set(dns.map(normalDn));
  const names = dns.map((dn) => parseDn(dn)?.[0]?.[0]).filter((part) => part !== undefined);
  const found = await inChunks(names, (chunk) =>
    branch.search(any(chunk.map(({ attribute, value }) => equals(attribute, value)))),
  );
  const known = new Map(found.map((each) => [normalDn(each.dn), each]));
  return [...known].filter(([dn]) => wanted.has(dn)).map(([, each]) => each);
}

async function inChunks<A, B>(items: readonly A[], each: (chunk: readonly A[]) => Promise<B[]>): Promise<B[]> {
  const found: B[] = [];
  for (let at = 0; at < items.length; at += chunkSize) found.push(...(await each(items.slice(at, at + chunkSize))));
  return found;
}

/** Whether the server supports nested membership itself, as Active Directory and Samba do. */
async function followsChains({ connection }: Trees): Promise<boolean> {
  const attribute = 'supportedCapabilities';
  const [root] = await connection.search({
    base: '',
    scope: 'base',
    filter: everything,
    attributes: [attribute],
  });
  return root !== undefined && valuesOf(root, attribute).includes('1.2.840.113556.1.4.800');
}
