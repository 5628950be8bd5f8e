/** Inet family: where packets of this cloud meet the host itself. */
import type { FirewallState } from './ruleset.ts';

/** The base chains: which packets are between guests, which ones the host routes, and what it keeps away from itself. */
export function filterChains({ names, bridges, masqueraded, tunnels }: FirewallState): string[] {
  const ours = `"${names.bridges}*"`;
  const open = quoted(bridges.filter(({ zone }) => zone === null).map(({ bridge }) => bridge));
  const all = quoted(bridges.map(({ bridge }) => bridge));
  return [
    ...zones(bridges, tunnels.port),
    'chain forward {',
    'type filter hook forward priority filter; policy accept;',
    // In and out by one bridge is bridged; anything else is routed by the host, which a tenant's network never is.
    ...(all.length > 0
      ? [`iifname . oifname vmap { ${all.map((bridge) => `${bridge} . ${bridge} : goto guests`).join(', ')} }`]
      : []),
    ...(open.length > 0
      ? [
          `iifname ${ours} iifname != { ${open.join(', ')} } drop`,
          `oifname ${ours} oifname != { ${open.join(', ')} } drop`,
        ]
      : [`iifname ${ours} drop`, `oifname ${ours} drop`]),
    `iifname ${ours} goto guests`,
    `oifname ${ours} goto guests`,
    '}',
    'chain input {',
    'type filter hook input priority filter; policy accept;',
    ...peersOnly(tunnels),
    ...(open.length > 0 ? [`iifname { ${open.join(', ')} } goto guests`] : []),
    `iifname ${ours} drop`,
    '}',
    'chain output {',
    'type filter hook output priority filter; policy accept;',
    ...(open.length > 0 ? [`oifname { ${open.join(', ')} } goto guests`] : []),
    '}',
    'chain way_out {',
    'type nat hook postrouting priority srcnat; policy accept;',
    // Bridged packets have no iifname here: another network that uses the same addresses is not touched.
    ...masqueraded.map((bridge) => `iifname "${bridge}" oifname != "${bridge}" masquerade`),
    '}',
  ];
}

/** Before the kernel puts fragments together, which it does per zone. */
function zones(bridges: FirewallState['bridges'], tunnelPort: number): string[] {
  const zoned = bridges.flatMap(({ bridge, zone }) => (zone === null ? [] : [`"${bridge}" : ${zone}`]));
  const map = zoned.length > 0 ? [`ct zone set iifname map { ${zoned.join(', ')} }`] : [];
  const untracked = (hook: string, priority: number, lines: readonly string[]) => [
    `chain raw_${hook} {`,
    `type filter hook ${hook} priority ${priority}; policy accept;`,
    ...lines,
    // Each flow inside a tunnel would be a connection of its own outside.
    `udp dport ${tunnelPort} notrack`,
    '}',
  ];
  return [...untracked('prerouting', -450, map), ...untracked('output', -450, [])];
}

/** A tunnel believes what it gets, so only the other hosts may send. */
function peersOnly({ port, peers }: FirewallState['tunnels']): string[] {
  const [v4, v6] = [peers.filter((peer) => !peer.includes(':')), peers.filter((peer) => peer.includes(':'))];
  if (peers.length === 0) return [];
  return [
    v4.length > 0
      ? `meta nfproto ipv4 udp dport ${port} ip saddr != { ${v4.join(', ')} } drop`
      : `meta nfproto ipv4 udp dport ${port} drop`,
    v6.length > 0
      ? `meta nfproto ipv6 udp dport ${port} ip6 saddr != { ${v6.join(', ')} } drop`
      : `meta nfproto ipv6 udp dport ${port} drop`,
  ];
}

const quoted = (bridges: readonly string[]) => bridges.map((bridge) => `"${bridge}"`);
