/** Inet family: base chains for packets between this cloud's networks and the host. */
import type { Block } from './blocks.ts';
import type { FirewallState } from './firewall-state.ts';
import type { HostEndpoint } from './host-endpoints.ts';

/** Separates bridged packets from routed ones, and protects the host from both. */
export function baseChains(state: FirewallState): Block[] {
  const { names, bridges, masqueraded, tunnels, hostEndpoints } = state;
  const ours = `"${names.bridges}*"`;
  const open = quoted(bridges.filter(({ zone }) => zone === null).map(({ bridge }) => bridge));
  const bridged = quoted(bridges.map(({ bridge }) => bridge)).map((bridge) => `${bridge} . ${bridge} : goto guests`);
  const toOpen = (field: string) => (open.length > 0 ? [`${field} { ${open.join(', ')} } goto guests`] : []);
  return [
    ...rawChains(bridges, tunnels.port),
    base('forward', 'type filter hook forward priority filter; policy accept;', [
      // In and out by the same bridge is bridged. Anything else is routed, which is not allowed for tenant networks.
      ...(bridged.length > 0 ? [`iifname . oifname vmap { ${bridged.join(', ')} }`] : []),
      ...['iifname', 'oifname'].map((field) => `${field} ${ours}${except(field, open)} drop`),
      ...(open.length > 0 ? machineLines(`iifname { ${open.join(', ')} }`, state) : []),
      ...['iifname', 'oifname'].flatMap(toOpen),
    ]),
    // External networks do not reach the host, at any of its addresses. Runs before all other rules.
    base(
      'host',
      'type filter hook input priority filter - 10; policy accept;',
      open.length > 0 ? hostLines(`iifname { ${open.join(', ')} }`, hostEndpoints) : [],
    ),
    base('input', 'type filter hook input priority filter; policy accept;', [
      ...peersOnly(tunnels),
      ...toOpen('iifname'),
      `iifname ${ours} drop`,
    ]),
    base('output', 'type filter hook output priority filter; policy accept;', toOpen('oifname')),
    base(
      'way_out',
      'type nat hook postrouting priority srcnat; policy accept;',
      // Bridged packets have no iifname here, so a network with the same addresses is not masqueraded.
      masqueraded.map((bridge) => `iifname "${bridge}" oifname != "${bridge}" masquerade`),
    ),
  ];
}

const hostLines = (fromOpen: string, hostEndpoints: readonly HostEndpoint[]): string[] => [
  `${fromOpen} ct direction reply ct state { established, related } accept`,
  `${fromOpen} meta l4proto { icmp, ipv6-icmp } accept`,
  ...hostEndpoints.map((each) => `${fromOpen} ${matchOf(each)} accept`),
  `${fromOpen} drop`,
];

/** Masqueraded guests have the host's address, so the cloud's other hosts could not tell them from it. */
const machineLines = (fromOpen: string, { machines, hostEndpoints }: FirewallState): string[] => [
  ...(machines.length > 0 ? hostEndpoints.map((each) => `${fromOpen} ${matchOf(each)} goto guests`) : []),
  ...machines.map((range) => `${fromOpen} ct direction original ${field(range)} daddr ${range} drop`),
];

const field = (address: string) => (address.includes(':') ? 'ip6' : 'ip');
const matchOf = ({ address, protocol, port }: HostEndpoint) =>
  `${field(address)} daddr ${address} ${protocol} dport ${port}`;

const base = (name: string, head: string, lines: readonly string[]): Block => ({
  family: 'inet',
  kind: 'chain',
  name,
  head,
  lines,
});

/** Runs before the kernel reassembles fragments, which it does per zone. */
function rawChains(bridges: FirewallState['bridges'], tunnelPort: number): Block[] {
  const zoned = bridges.flatMap(({ bridge, zone }) => (zone === null ? [] : [`"${bridge}" : ${zone}`]));
  const zones = zoned.length > 0 ? [`ct zone set iifname map { ${zoned.join(', ')} }`] : [];
  // Otherwise conntrack would have one entry per flow inside a tunnel.
  const untracked = `udp dport ${tunnelPort} notrack`;
  return [
    base('raw_in', 'type filter hook prerouting priority -450; policy accept;', [...zones, untracked]),
    base('raw_out', 'type filter hook output priority -450; policy accept;', [untracked]),
  ];
}

/** VXLAN has no authentication, so only the other hosts may send frames. */
function peersOnly({ port, peers }: FirewallState['tunnels']): string[] {
  if (peers.length === 0) return [];
  const rule = (version: 4 | 6, own: readonly string[]) =>
    `meta nfproto ipv${version} udp dport ${port}${own.length > 0 ? ` ${version === 4 ? 'ip' : 'ip6'} saddr != { ${own.join(', ')} }` : ''} drop`;
  return [
    rule(
      4,
      peers.filter((peer) => !peer.includes(':')),
    ),
    rule(
      6,
      peers.filter((peer) => peer.includes(':')),
    ),
  ];
}

const quoted = (bridges: readonly string[]) => bridges.map((bridge) => `"${bridge}"`);
const except = (field: string, bridges: readonly string[]) =>
  bridges.length > 0 ? ` ${field} != { ${bridges.join(', ')} }` : '';
