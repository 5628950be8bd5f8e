/**
 * The packet filter of one cloud on one host. The bridge family checks the sender of a frame and writes into its mark which
 * ports it is between (from: high half, to: low half). Then br_netfilter passes it to the inet family, where connections are
 * tracked and the security groups of both ports are evaluated.
 */
import type { GroupSpec, PortSpec } from '#shared/contracts/network-agent.ts';
import type { Block } from './blocks.ts';
import type { FirewallState, NumberedPort } from './firewall-state.ts';
import { chainOf, groupChains, memberSets, namedGroups, returningLines } from './group-rules.ts';
import { limitLines, markLines } from './qos.ts';
import { baseChains } from './ruleset-base.ts';
import { metadataLines, reassembledLines, spoofingLines } from './spoofing.ts';

export const rulesetOf = (state: FirewallState): Block[] => [...bridgeBlocks(state), ...inetBlocks(state)];

const chain = (family: Block['family'], name: string, lines: readonly string[], head = ''): Block => ({
  family,
  kind: 'chain',
  name,
  head,
  lines,
});

const unguardedPorts = ({ ports }: FirewallState) => ports.filter(({ spec }) => spec.adminUp && !spec.guarded);
const guardedPorts = ({ ports }: FirewallState) => ports.filter(({ spec }) => spec.adminUp && spec.guarded);

function bridgeBlocks(state: FirewallState): Block[] {
  const { taps, veths, routerVeths, tunnels } = state.names;
  const verdicts = (direction: 'from' | 'to') =>
    state.ports.map(({ spec, number }) => `"${spec.tap}" : ${verdict(spec, `${direction}_${number}`)}`);
  const receivers = [...vmap('oifname', verdicts('to')), `oifname "${taps}*" drop`];
  return [
    ...unguardedPorts(state).map(({ number, spec }) =>
      chain('bridge', `from_${number}`, [...metadataLines(spec), ...outgoingLines(spec), 'accept']),
    ),
    ...unguardedPorts(state)
      .filter(({ spec }) => limitLines(spec, 'ingress').length > 0)
      .map(({ number, spec }) => chain('bridge', `to_${number}`, [...limitLines(spec, 'ingress'), 'accept'])),
    ...guardedPorts(state).flatMap(({ number, spec }) => [
      chain('bridge', `from_${number}`, [
        `meta mark set ${from(number)}`,
        ...metadataLines(spec),
        ...outgoingLines(spec),
        ...spoofingLines(spec),
      ]),
      chain('bridge', `to_${number}`, [
        ...limitLines(spec, 'ingress'),
        `meta mark set meta mark & 0xffff0000 | ${to(number)}`,
        'accept',
      ]),
    ]),
    chain(
      'bridge',
      'prerouting',
      [
        // Marks set elsewhere would be taken for the numbers of ports.
        ...[veths, routerVeths, tunnels].map((prefix) => `iifname "${prefix}*" meta mark set 0`),
        ...vmap('iifname', verdicts('from')),
        `iifname "${taps}*" drop`,
      ],
      'type filter hook prerouting priority -300; policy accept;',
    ),
    chain('bridge', 'forward', receivers, 'type filter hook forward priority -200; policy accept;'),
    chain('bridge', 'output', receivers, 'type filter hook output priority -200; policy accept;'),
  ];
}

function verdict(spec: PortSpec, name: string): string {
  if (!spec.adminUp) return 'drop';
  const hasChain = spec.guarded || name.startsWith('from_') || limitLines(spec, 'ingress').length > 0;
  return hasChain ? `jump ${name}` : 'accept';
}

const outgoingLines = (spec: PortSpec) => [...limitLines(spec, 'egress'), ...markLines(spec)];

function inetBlocks(state: FirewallState): Block[] {
  const known = new Map(state.groups.map((group) => [group.id, group]));
  const groups = namedGroups(
    state.ports.map(({ spec }) => spec),
    state.groups,
  ).map((id) => known.get(id) ?? { id, rules: [], members: [] });
  return [
    ...groups.flatMap(memberSets),
    ...groups.flatMap(groupChains),
    ...guardedPorts(state).flatMap(portChains),
    ...statelessPorts(state).flatMap((port) => statelessChains(port, known)),
    ...dispatch(state),
    ...baseChains(state),
  ];
}

/** Allowed for every guest before any rule: DHCP, and IPv6 neighbour discovery and MLD. */
const alwaysIn = ['udp sport 67 udp dport 68', 'icmpv6 type { 130, 131, 132, 134, 135, 136, 143 }'];
const alwaysOut = ['udp sport 68 udp dport 67', 'icmpv6 type { 131, 132, 133, 135, 143 }'];

const portChains = ({ number, spec }: NumberedPort): Block[] => [
  chain('inet', `from_${number}`, [
    ...reassembledLines(spec),
    ...alwaysOut.map((packet) => `${packet} goto to_guest`),
    ...(spec.stateless ? ['goto to_guest'] : groupLines(spec, 'egress')),
  ]),
  chain('inet', `to_${number}`, [
    ...alwaysIn.map((packet) => `${packet} accept`),
    ...(spec.stateless ? ['goto let_in'] : groupLines(spec, 'ingress')),
  ]),
];

const groupLines = ({ groupIds }: PortSpec, direction: 'ingress' | 'egress') => [
  ...groupIds.map((id) => `jump ${chainOf(id, direction)}`),
  `ct mark set ${ended} drop`,
];

const statelessPorts = (state: FirewallState) => guardedPorts(state).filter(({ spec }) => spec.stateless);

/** Every packet of a port without connection tracking passes here before connections are looked at, replies too. */
function statelessChains({ number, spec }: NumberedPort, known: ReadonlyMap<string, GroupSpec>): Block[] {
  const groups = spec.groupIds.flatMap((id) => known.get(id) ?? []);
  const checked = (always: readonly string[], direction: 'ingress' | 'egress') => [
    ...always.map((packet) => `${packet} return`),
    ...returningLines(groups, direction),
    'drop',
  ];
  return [
    chain('inet', `each_from_${number}`, checked(alwaysOut, 'egress')),
    chain('inet', `each_to_${number}`, checked(alwaysIn, 'ingress')),
  ];
}

/**
 * Packets in the original direction are checked against the current rules; replies are not. When a rule is removed, the next
 * packet of its connections is dropped and marks them as ended, which drops their replies too. A connection that the current
 * generation of rules accepted has its mark and is not checked again.
 */
const connections = (generation: string) => [
  'ct state invalid drop',
  `ct mark ${generation} accept`,
  `ct direction reply ct mark ${ended} drop`,
  'ct direction reply ct state { established, related } accept',
  'ct state related accept',
];
const ended = '0x656e6465';

/** Jumps to the sender's chain, then to the receiver's. Packets routed by the host have no receiver in their mark, so there the address decides. */
function dispatch(state: FirewallState): Block[] {
  const open = new Set(state.bridges.filter(({ zone }) => zone === null).map(({ bridge }) => bridge));
  const byAddress = (ports: readonly NumberedPort[], verdict: string) =>
    ports
      .filter(({ spec }) => open.has(spec.segment.bridge))
      .flatMap(({ number, spec: { segment, fixedIps } }) =>
        fixedIps
          .filter(({ address }) => address.includes('.'))
          .map(({ address }) => `"${segment.bridge}" . ${address} : ${verdict}_${number}`),
      );
  const generation = `0x${state.generation.toString(16).padStart(8, '0')}`;
  const senders = guardedPorts(state).map(({ number }) => `${from(number)} : goto from_${number}`);
  const receivers = guardedPorts(state).map(({ number }) => `${to(number)} : goto to_${number}`);
  const eachOf = (direction: string, mark: (number: number) => string) =>
    statelessPorts(state).map(({ number }) => `${mark(number)} : jump each_${direction}_${number}`);
  return [
    chain('inet', 'let_in', [`ct mark set ${generation} accept`]),
    chain('inet', 'guests', [
      ...vmap('meta mark & 0xffff0000', eachOf('from', from)),
      ...vmap('meta mark & 0x0000ffff', eachOf('to', to)),
      ...vmap('oifname . ip daddr', byAddress(statelessPorts(state), 'jump each_to')),
      ...connections(generation),
      ...vmap('meta mark & 0xffff0000', senders),
      'goto to_guest',
    ]),
    chain('inet', 'to_guest', [
      ...vmap('meta mark & 0x0000ffff', receivers),
      ...vmap('oifname . ip daddr', byAddress(guardedPorts(state), 'goto to')),
      'goto let_in',
    ]),
  ];
}

const from = (number: number) => `0x${number.toString(16).padStart(4, '0')}0000`;
const to = (number: number) => `0x0000${number.toString(16).padStart(4, '0')}`;

/** nft allows neither an empty map nor a duplicate key. While a port moves, two ports may have one address; the first wins. */
function vmap(key: string, elements: readonly string[]): string[] {
  const byKey = new Map(elements.toReversed().map((element) => [element.split(' : ')[0], element]));
  return byKey.size > 0 ? [`${key} vmap { ${[...byKey.values()].toReversed().join(', ')} }`] : [];
}
