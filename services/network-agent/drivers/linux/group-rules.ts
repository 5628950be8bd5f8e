/** Security groups: each is two chains of accepting rules, and two sets of its members' addresses. */
import type { FirewallRule, GroupWish } from '#shared/contracts/network-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Family, familyOf, ofFamily } from './addresses.ts';
import type { Block } from './blocks.ts';

/** What the API calls by name, as the number in the packet. */
const protocols: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  dccp: 33,
  'ipv6-encap': 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  icmpv6: 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  ospf: 89,
  vrrp: 112,
  pgm: 113,
  sctp: 132,
  udplite: 136,
};
const withPorts = [6, 17, 33, 132, 136];

const bare = (id: string) => id.replaceAll('-', '');
export const chainOf = (groupId: string, direction: FirewallRule['direction']) => `g${bare(groupId)}_${direction}`;
const setOf = (groupId: string, family: Family) => `g${bare(groupId)}_${family}`;

/** The two sets of a group. A group that only rules speak of has them too, empty. */
export const memberSets = ({ id, members }: GroupWish): Block[] =>
  ([4, 6] as const).map((family) => {
    const lines = [...new Set(ofFamily(family, members))];
    // Ranges may overlap, which only the slower kind of set takes.
    const ranges = lines.some((member) => member.includes('/')) ? '\nflags interval\nauto-merge' : '';
    return { family: 'inet', kind: 'set', name: setOf(id, family), head: `type ipv${family}_addr${ranges}`, lines };
  });

/** The two chains of a group. What no rule accepts returns to the port, which asks its next group. */
export const groupChains = ({ id, rules }: GroupWish): Block[] =>
  (['ingress', 'egress'] as const).map((direction) => {
    const lines = rules.filter((rule) => rule.direction === direction).map(ruleLine);
    return { family: 'inet', kind: 'chain', name: chainOf(id, direction), head: '', lines };
  });

/** What leaves a guest must still be let in by the one it goes to, so it goes on there. */
export function ruleLine(rule: FirewallRule): string {
  const verdict = rule.direction === 'ingress' ? 'accept' : 'goto to_guest';
  const family = `meta nfproto ipv${rule.family}`;
  return [family, remote(rule), protocol(rule), verdict].filter(Boolean).join(' ');
}

function remote({ direction, family, cidr, remoteGroupId }: FirewallRule): string {
  const field = `${family === 4 ? 'ip' : 'ip6'} ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  if (remoteGroupId) return `${field} @${setOf(remoteGroupId, family)}`;
  if (!cidr || cidr.endsWith('/0')) return '';
  if (familyOf(cidr) !== family) throw badRequest(`${cidr} is not a range of IPv${family}`);
  return `${field} ${cidr}`;
}

function protocol({ protocol: name, family, portMin, portMax }: FirewallRule): string {
  if (name === null || name === '' || name.toLowerCase() === 'any') return '';
  const number = protocolNumber(name, family);
  const least = whole(portMin);
  const most = whole(portMax) ?? least;
  if (number === 1 || number === 58) return icmp(number, least, whole(portMax));
  const ports = least !== null && withPorts.includes(number) ? ` th dport ${least}-${most}` : '';
  return `meta l4proto ${number}${ports}`;
}

function protocolNumber(name: string, family: Family): number {
  const number = protocols[name.toLowerCase()] ?? Number(name);
  if (!Number.isInteger(number) || number < 0 || number > 255) throw badRequest(`${name} is not a protocol`);
  return number === 1 && family === 6 ? 58 : number;
}

/** The API keeps type and code of ICMP where others have ports. */
function icmp(number: 1 | 58, type: number | null, code: number | null): string {
  const name = number === 1 ? 'icmp' : 'icmpv6';
  const typed = type === null ? '' : ` ${name} type ${type}`;
  return `meta l4proto ${number}${typed}${type === null || code === null ? '' : ` ${name} code ${code}`}`;
}

function whole(port: number | null): number | null {
  if (port !== null && !Number.isInteger(port)) throw badRequest(`${port} is not a port`);
  return port;
}

/** Groups that ports or rules name, whether or not this host has been told of them yet. */
export function namedGroups(
  ports: readonly { readonly groupIds: readonly string[] }[],
  groups: readonly GroupWish[],
): string[] {
  const inRules = groups.flatMap(({ rules }) => rules.flatMap(({ remoteGroupId }) => remoteGroupId ?? []));
  return [...new Set([...groups.map(({ id }) => id), ...ports.flatMap(({ groupIds }) => groupIds), ...inRules])];
}
