/** A network on this host: a bridge, with a VXLAN tunnel to its other hosts or the NIC of a flat network. */
import type { Segment } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ipBatch, type Links, listLinks, setSysctl } from './commands.ts';
import type { Underlay } from './underlay.ts';
import { ensureFlood, tunnelLines } from './vxlan.ts';

/** Idempotent. Call for one bridge at a time only. */
export async function ensureBridge(underlay: Underlay, segment: Segment): Promise<void> {
  const links = await listLinks();
  const lines = bridgeLines(underlay, segment, links);
  await ipBatch(lines);
  disableHostAddressing(segment.bridge);
  if (segment.type === 'vxlan') await ensureFlood(underlay.names.tunnel(segment.bridge), segment.peers);
}

/** Lines of `ip -batch` that create or repair the bridge and its uplink. */
export function bridgeLines(underlay: Underlay, segment: Segment, links: Links): string[] {
  const { bridge, mtu } = segment;
  const applied = links.get(bridge);
  const options =
    'forward_delay 0 stp_state 0 mcast_snooping 0 ageing_time 30000 nf_call_iptables 1 nf_call_ip6tables 1';
  const made = applied
    ? [
        ...(applied.mtu === mtu ? [] : [`link set ${bridge} mtu ${mtu}`]),
        ...(applied.up ? [] : [`link set ${bridge} up`]),
      ]
    : [
        `link add ${bridge} mtu ${mtu} type bridge ${options}`,
        `link set ${bridge} addrgenmode none`,
        `link set ${bridge} up`,
      ];
  return [
    ...made,
    ...(segment.type === 'flat' ? wireLines(underlay, segment, links) : tunnelLines(underlay, segment, links)),
  ];
}

function wireLines({ wires }: Underlay, { physical, bridge }: Segment, links: Links): string[] {
  const wire = wires.get(physical ?? '');
  if (wire === undefined) return [];
  const nic = links.get(wire);
  if (!nic)
    throw new Fault(409, 'conflict', `physical network ${physical} uses NIC ${wire}, which this host does not have`);
  return nic.master === bridge && nic.up ? [] : [`link set ${wire} master ${bridge}`, `link set ${wire} up`];
}

/** The host has no IPv6 address on a tenant's bridge and answers no ARP there. */
function disableHostAddressing(bridge: string): void {
  setSysctl(`ipv6/conf/${bridge}/disable_ipv6`, '1');
  setSysctl(`ipv4/conf/${bridge}/arp_ignore`, '1');
}

/** Idempotent. The kernel detaches the NIC of a flat network. */
export async function ensureBridgeGone({ names }: Underlay, bridge: string): Promise<void> {
  const links = await listLinks();
  await ipBatch([names.tunnel(bridge), bridge].filter((link) => links.has(link)).map((link) => `link del ${link}`));
}
