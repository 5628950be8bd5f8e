/**
 * The whole packet filter of one cloud on one host. The bridge family says who a frame may come from and writes into its
 * mark which ports it is between (from: high half, to: low half). Then br_netfilter shows it to the inet family, where
 * connections are tracked, and the security groups of both ports decide.
 */
import type { GroupSpec, PortSpec } from '#shared/contracts/network-agent.ts';
import type { Block } from './blocks.ts';
import { chainOf, groupChains, memberSets, namedGroups } from './group-rules.ts';
import type { HostEndpoint } from './host-endpoints.ts';
import type { Names } from './names.ts';
import { baseChains } from './ruleset-base.ts';
import { hiddenLines, metadataLines, spoofingLines } from './spoofing.ts';

/** A port with its number in marks, 1 to 65535. */
export interface NumberedPort {
  readonly number: number;
  readonly spec: PortSpec;
}

export interface HostBridge {
  readonly bridge: string;
  /** Where conntrack keeps the connections of this network; null where the host itself takes part. */
  readonly zone: number | null;
}

export interface FirewallState {
  readonly names: Names;
  readonly ports: readonly NumberedPort[];
  readonly groups: readonly GroupSpec[];
  /** A mark of these very rules: 32 bits that no other rules here, nor of another cloud, are likely to have. */
  readonly generation: number;
  readonly bridges: readonly HostBridge[];
  /** Bridges whose guests leave through this host under its own address. */
  readonly masqueraded: readonly string[];
  /** Ranges and addresses of the cloud's own machines, which guests do not reach by the host. */
  readonly machines: readonly string[];
  /** What guests and routers may reach there, and on the host itself. */
  readonly hostEndpoints: readonly HostEndpoint[];
  /** Who may send VXLAN frames here, and at which port. */
  readonly tunnels: { readonly port: number; readonly peers: readonly string[] };
}

export const rulesetOf = (state: FirewallState): Block[] => [...bridgeBlocks(state), ...inetBlocks(state)];

const chain = (family: Block['family'], name: string, lines: readonly string[], head = ''): Block => ({
  family,
  kind: 'chain',
  name,
  head,
  lines,
});

const unguarded = ({ ports }: FirewallState) => ports.filter(({ spec }) => spec.adminUp && !spec.guarded);
const watched = ({ ports }: FirewallState) => ports.filter(({ spec }) => spec.adminUp && spec.guarded);

function bridgeBlocks(state: FirewallState): Block[] {
  const { taps, veths, tunnels } = state.names;
  const verdicts = (way: 'from' | 'to') =>
    state.ports.map(({ spec, number }) => `"${spec.tap}" : ${verdict(spec, `${way}_${number}`)}`);
  const goals = [...vmap('oifname', verdicts('to')), `oifname "${taps}*" drop`];
  return [
    ...unguarded(state).map(({ number, spec }) =>
      chain('bridge', `from_${number}`, [...metadataLines(spec), 'accept']),
    ),
    ...watched(state).flatMap(({ number, spec }) => [
      chain('bridge', `from_${number}`, [
        `meta mark set ${from(number)}`,
        ...metadataLines(spec),
        ...spoofingLines(spec),
      ]),
      chain('bridge', `to_${number}`, [`meta mark set meta mark & 0xffff0000 | ${to(number)}`, 'accept']),
    ]),
    chain(
      'bridge',
      'prerouting',
      [
        // A mark that came along from elsewhere would be read as one of ours.
        ...[veths, tunnels].map((begin) => `iifname "${begin}*" meta mark set 0`),
        ...vmap('iifname', verdicts('from')),
        `iifname "${taps}*" drop`,
      ],
      'type filter hook prerouting priority -300; policy accept;',
    ),
    chain('bridge', 'forward', goals, 'type filter hook forward priority -200; policy accept;'),
    chain('bridge', 'output', goals, 'type filter hook output priority -200; policy accept;'),
  ];
}

function verdict({ adminUp, guarded }: PortSpec, name: string): string {
  if (!adminUp) return 'drop';
  return guarded || name.startsWith('from_') ? `jump ${name}` : 'accept';
}

function inetBlocks(state: FirewallState): Block[] {
  const told = new Map(state.groups.map((group) => [group.id, group]));
  const groups = namedGroups(
    state.ports.map(({ spec }) => spec),
    state.groups,
  ).map((id) => told.get(id) ?? { id, rules: [], members: [] });
  return [
    ...groups.flatMap(memberSets),
    ...groups.flatMap(groupChains),
    ...watched(state).flatMap(portChains),
    ...dispatch(state),
    ...baseChains(state),
  ];
}

/** What every guest needs before any rule: its lease, and its neighbours of IPv6. */
const alwaysIn = ['udp sport 67 udp dport 68', 'icmpv6 type { 130, 131, 132, 134, 135, 136, 143 }'];
const alwaysOut = ['udp sport 68 udp dport 67', 'icmpv6 type { 131, 132, 133, 135, 143 }'];

const portChains = ({ number, spec }: NumberedPort): Block[] => [
  chain('inet', `from_${number}`, [
    ...hiddenLines(spec),
    ...alwaysOut.map((packet) => `${packet} goto to_guest`),
    ...spec.groupIds.map((id) => `jump ${chainOf(id, 'egress')}`),
    `ct mark set ${ended} drop`,
  ]),
  chain('inet', `to_${number}`, [
    ...alwaysIn.map((packet) => `${packet} accept`),
    ...spec.groupIds.map((id) => `jump ${chainOf(id, 'ingress')}`),
    `ct mark set ${ended} drop`,
  ]),
];

/**
 * What goes the way its connection began is judged by the rules of today; answers follow. So a connection ends when its
 * rule goes: its next packet is dropped and marks it, and a marked one has no answers either. What these very rules let
 * in is marked with them and not judged again before they change.
 */
const connections = (generation: string) => [
  'ct state invalid drop',
  `ct mark ${generation} accept`,
  `ct direction reply ct mark ${ended} drop`,
  'ct direction reply ct state { established, related } accept',
  'ct state related accept',
];
const ended = '0x656e6465';

/** First who sent it, then who gets it. What the host routes itself carries no mark of its goal, so there the address tells. */
function dispatch(state: FirewallState): Block[] {
  const open = new Set(state.bridges.filter(({ zone }) => zone === null).map(({ bridge }) => bridge));
  const byAddress = watched(state)
    .filter(({ spec }) => open.has(spec.segment.bridge))
    .flatMap(({ number, spec: { segment, fixedIps } }) =>
      fixedIps
        .filter(({ address }) => address.includes('.'))
        .map(({ address }) => `"${segment.bridge}" . ${address} : goto to_${number}`),
    );
  const generation = `0x${state.generation.toString(16).padStart(8, '0')}`;
  const senders = watched(state).map(({ number }) => `${from(number)} : goto from_${number}`);
  const goals = watched(state).map(({ number }) => `${to(number)} : goto to_${number}`);
  return [
    chain('inet', 'let_in', [`ct mark set ${generation} accept`]),
    chain('inet', 'guests', [...connections(generation), ...vmap('meta mark & 0xffff0000', senders), 'goto to_guest']),
    chain('inet', 'to_guest', [
      ...vmap('meta mark & 0x0000ffff', goals),
      ...vmap('oifname . ip daddr', byAddress),
      'goto let_in',
    ]),
  ];
}

const from = (number: number) => `0x${number.toString(16).padStart(4, '0')}0000`;
const to = (number: number) => `0x0000${number.toString(16).padStart(4, '0')}`;

/** nft has no empty map, and none with a key twice: while a port moves, two may claim one address. The first keeps it. */
function vmap(key: string, elements: readonly string[]): string[] {
  const byKey = new Map(elements.toReversed().map((element) => [element.split(' : ')[0], element]));
  return byKey.size > 0 ? [`${key} vmap { ${[...byKey.values()].toReversed().join(', ')} }`] : [];
}
