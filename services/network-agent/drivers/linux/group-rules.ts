/** A security group is two chains of accept rules, and two sets of its members' addresses. */
import { requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { FirewallRule, GroupSpec } from '#shared/contracts/network-agent.ts';
import { protocolNumbers, protocolsWithPorts } from '#shared/contracts/protocols.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Version } from '#shared/net/addresses.ts';
import { canonicalRange, familyOf, ofFamily } from './addresses.ts';
import type { Block } from './blocks.ts';

const withoutDashes = (id: string) => id.replaceAll('-', '');
export const chainOf = (groupId: string, direction: FirewallRule['direction']) =>
  `g${withoutDashes(groupId)}_${direction}`;
const setOf = (groupId: string, family: Version) => `g${withoutDashes(groupId)}_${family}`;

/** The two sets of a group; empty for a group that is only a remote group of rules. */
export const memberSets = ({ id, members }: GroupSpec): Block[] =>
  ([4, 6] as const).map((family) => {
    const lines = [...new Set(ofFamily(family, members))];
    // Ranges may overlap, which only the slower interval set allows.
    const ranges = lines.some((member) => member.includes('/')) ? '\nflags interval\nauto-merge' : '';
    return { family: 'inet', kind: 'set', name: setOf(id, family), head: `type ipv${family}_addr${ranges}`, lines };
  });

/** The two chains of a group. A packet that no rule accepts returns to the port's chain, which tries its next group. */
export const groupChains = ({ id, rules }: GroupSpec): Block[] =>
  (['ingress', 'egress'] as const).map((direction) => {
    const lines = rules.filter((rule) => rule.direction === direction).map(ruleLine);
    return { family: 'inet', kind: 'chain', name: chainOf(id, direction), head: '', lines };
  });

/** An accepted egress packet goes on to the receiver's ingress chains. */
export const ruleLine = (rule: FirewallRule): string =>
  ruleText(rule, rule.direction === 'ingress' ? 'goto let_in' : 'goto to_guest');

/** The rules of a direction of several groups in one chain, which a packet leaves at the first that accepts it. */
export const returningLines = (groups: readonly GroupSpec[], direction: FirewallRule['direction']): string[] =>
  groups.flatMap(({ rules }) =>
    rules.filter((rule) => rule.direction === direction).map((rule) => ruleText(rule, 'return')),
  );

function ruleText(rule: FirewallRule, verdict: string): string {
  const family = `meta nfproto ipv${rule.family}`;
  return [family, remote(rule), protocol(rule), verdict].filter(Boolean).join(' ');
}

function remote({ direction, family, cidr, remoteGroupId }: FirewallRule): string {
  const field = `${family === 4 ? 'ip' : 'ip6'} ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  if (remoteGroupId) return `${field} @${setOf(requireName(resourceId, remoteGroupId, 'remoteGroupId'), family)}`;
  if (!cidr) return '';
  if (familyOf(cidr) !== family) throw badRequest(`${cidr} is not a range of IPv${family}`);
  return cidr.endsWith('/0') ? '' : `${field} ${canonicalRange(cidr)}`;
}

function protocol({ protocol: name, family, portMin, portMax }: FirewallRule): string {
  if (name === null || name === '' || name.toLowerCase() === 'any') return '';
  const number = protocolNumber(name, family);
  if (number === 1 || number === 58) return icmp(number, within(portMin, 255), within(portMax, 255));
  const least = within(portMin, 65_535);
  const most = within(portMax, 65_535) ?? least;
  if (least !== null && most !== null && least > most) throw badRequest(`${least} to ${most} is no range of ports`);
  const ports = least !== null && protocolsWithPorts.has(number) ? ` th dport ${least}-${most}` : '';
  return `meta l4proto ${number}${ports}`;
}

function protocolNumber(name: string, family: Version): number {
  const number = protocolNumbers.get(name.toLowerCase()) ?? (/^\d{1,3}$/.test(name) ? Number(name) : 256);
  if (number > 255) throw badRequest(`${name} is not a protocol`);
  return number === 1 && family === 6 ? 58 : number;
}

/** The API has the ICMP type and code in the fields of the port range. */
function icmp(number: 1 | 58, type: number | null, code: number | null): string {
  const name = number === 1 ? 'icmp' : 'icmpv6';
  const typed = type === null ? '' : ` ${name} type ${type}`;
  return `meta l4proto ${number}${typed}${type === null || code === null ? '' : ` ${name} code ${code}`}`;
}

function within(number: number | null, most: number): number | null {
  if (number !== null && !(Number.isInteger(number) && number >= 0 && number <= most))
    throw badRequest(`${number} is not a number from 0 to ${most}`);
  return number;
}

/** Ids of the groups that ports or rules name, including those whose spec has not arrived yet. */
export function namedGroups(
  ports: readonly { readonly groupIds: readonly string[] }[],
  groups: readonly GroupSpec[],
): string[] {
  const inRules = groups.flatMap(({ rules }) => rules.flatMap(({ remoteGroupId }) => remoteGroupId ?? []));
  return [...new Set([...groups.map(({ id }) => id), ...ports.flatMap(({ groupIds }) => groupIds), ...inRules])];
}
