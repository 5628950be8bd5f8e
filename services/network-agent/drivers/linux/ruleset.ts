/**
 * The whole packet filter of one cloud on one host, as one transaction. The bridge family says who a frame may come
 * from and writes into its mark which ports it is between (from: high half, to: low half). Then br_netfilter shows it to
 * the inet family, where connections are tracked, and the security groups of both ports decide.
 */
import type { GroupWish, PortWish } from '#shared/contracts/network-agent.ts';
import { chainOf, groupChains, memberSets, namedGroups } from './group-rules.ts';
import type { Names } from './names.ts';
import { filterChains } from './ruleset-base.ts';
import { spoofingLines } from './spoofing.ts';

/** A port with its number in marks, 1 to 65535. */
export interface NumberedPort {
  readonly number: number;
  readonly wish: PortWish;
}

export interface HostBridge {
  readonly bridge: string;
  /** Where conntrack keeps the connections of this network; null where the host itself takes part. */
  readonly zone: number | null;
}

export interface FirewallState {
  readonly names: Names;
  readonly ports: readonly NumberedPort[];
  readonly groups: readonly GroupWish[];
  readonly bridges: readonly HostBridge[];
  /** Bridges whose guests leave through this host under its own address. */
  readonly masqueraded: readonly string[];
  /** Who may send VXLAN frames here, and at which port. */
  readonly tunnels: { readonly port: number; readonly peers: readonly string[] };
}

/** Replaces both tables at once: no frame ever sees half of it. */
export function rulesetOf(state: FirewallState): string {
  const { table } = state.names;
  const families = { bridge: bridgeTable(state), inet: inetTable(state) };
  return Object.entries(families)
    .flatMap(([family, lines]) => [
      `table ${family} ${table}`,
      `delete table ${family} ${table}`,
      `table ${family} ${table} {`,
      ...lines,
      '}',
    ])
    .concat('')
    .join('\n');
}

/** For a host that this cloud leaves. */
export const rulesetGone = ({ table }: Names): string =>
  ['bridge', 'inet'].flatMap((family) => [`table ${family} ${table}`, `delete table ${family} ${table}\n`]).join('\n');

const watched = ({ ports }: FirewallState) => ports.filter(({ wish }) => wish.adminUp && wish.guarded);

function bridgeTable(state: FirewallState): string[] {
  const { taps, veths, tunnels } = state.names;
  const verdicts = (way: 'from' | 'to') =>
    state.ports.map(({ wish, number }) => `"${wish.tap}" : ${verdict(wish, `${way}_${number}`)}`);
  return [
    ...watched(state).flatMap(({ number, wish }) => [
      `chain from_${number} {`,
      `meta mark set ${from(number)}`,
      ...spoofingLines(wish),
      '}',
      `chain to_${number} {`,
      `meta mark set meta mark & 0xffff0000 | ${to(number)}`,
      'accept',
      '}',
    ]),
    'chain prerouting {',
    'type filter hook prerouting priority -300; policy accept;',
    // A mark that came along from elsewhere would be read as one of ours.
    ...[veths, tunnels].map((begin) => `iifname "${begin}*" meta mark set 0`),
    ...vmap('iifname', verdicts('from')),
    `iifname "${taps}*" drop`,
    '}',
    ...['forward', 'output'].flatMap((hook) => [
      `chain ${hook} {`,
      `type filter hook ${hook} priority -200; policy accept;`,
      ...vmap('oifname', verdicts('to')),
      `oifname "${taps}*" drop`,
      '}',
    ]),
  ];
}

function verdict({ adminUp, guarded }: PortWish, chain: string): string {
  if (!adminUp) return 'drop';
  return guarded ? `jump ${chain}` : 'accept';
}

function inetTable(state: FirewallState): string[] {
  const told = new Map(state.groups.map((group) => [group.id, group]));
  const groups = namedGroups(
    state.ports.map(({ wish }) => wish),
    state.groups,
  );
  return [
    ...groups.flatMap((id) => memberSets(id, told.get(id)?.members ?? [])),
    ...groups.flatMap((id) => groupChains(told.get(id) ?? { id, rules: [], members: [] })),
    ...watched(state).flatMap(portChains),
    ...dispatch(state),
    ...filterChains(state),
  ];
}

/** What every guest needs before any rule: its lease, and its neighbours of IPv6. */
const alwaysIn = ['udp sport 67 udp dport 68', 'icmpv6 type { 130, 131, 132, 134, 135, 136, 143 }'];
const alwaysOut = ['udp sport 68 udp dport 67', 'icmpv6 type { 131, 132, 133, 135, 136, 143 }'];

const portChains = ({ number, wish }: NumberedPort): string[] => [
  `chain from_${number} {`,
  ...alwaysOut.map((packet) => `${packet} goto to_guest`),
  ...wish.groupIds.map((id) => `jump ${chainOf(id, 'egress')}`),
  'drop',
  '}',
  `chain to_${number} {`,
  ...alwaysIn.map((packet) => `${packet} accept`),
  ...wish.groupIds.map((id) => `jump ${chainOf(id, 'ingress')}`),
  'drop',
  '}',
];

/** First who sent it, then who gets it. What the host routes itself carries no mark of its goal, so there the address tells. */
function dispatch(state: FirewallState): string[] {
  const open = new Set(state.bridges.filter(({ zone }) => zone === null).map(({ bridge }) => bridge));
  const routed = watched(state).filter(({ wish }) => open.has(wish.segment.bridge));
  const byAddress = routed.flatMap(({ number, wish }) =>
    wish.fixedIps
      .filter(({ address }) => address.includes('.'))
      .map(({ address }) => `"${wish.segment.bridge}" . ${address} : goto to_${number}`),
  );
  return [
    'chain guests {',
    'ct state vmap { established : accept, related : accept, invalid : drop }',
    ...vmap(
      'meta mark & 0xffff0000',
      watched(state).map(({ number }) => `${from(number)} : goto from_${number}`),
    ),
    'goto to_guest',
    '}',
    'chain to_guest {',
    ...vmap(
      'meta mark & 0x0000ffff',
      watched(state).map(({ number }) => `${to(number)} : goto to_${number}`),
    ),
    ...vmap('oifname . ip daddr', byAddress),
    'accept',
    '}',
  ];
}

const from = (number: number) => `0x${number.toString(16).padStart(4, '0')}0000`;
const to = (number: number) => `0x0000${number.toString(16).padStart(4, '0')}`;

/** nft has no empty map. */
const vmap = (key: string, elements: readonly string[]) =>
  elements.length > 0 ? [`${key} vmap { ${elements.join(', ')} }`] : [];
