/** A network on this host: a bridge, and a tunnel or a wire to where else the network is. */
import type { Segment } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ipBatch, type Links, listLinks, setKernel } from './commands.ts';
import type { Names } from './names.ts';
import { ensureFlood, tunnelLines } from './vxlan.ts';

export interface Underlay {
  readonly names: Names;
  readonly tunnelAddress: string;
  readonly vxlanPort: number;
  /** The label of a flat network to the NIC its wire is plugged into. */
  readonly wires: ReadonlyMap<string, string>;
}

/** Safe to ask twice. One at a time per bridge. */
export async function ensureBridge(underlay: Underlay, segment: Segment): Promise<void> {
  const links = await listLinks();
  const lines = bridgeLines(underlay, segment, links);
  await ipBatch(lines);
  silence(segment.bridge);
  if (segment.type === 'vxlan') await ensureFlood(underlay.names.tunnel(segment.bridge), segment.peers);
}

/** What is missing of the bridge and its way out, as lines of `ip -batch`. */
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
    throw new Fault(409, 'conflict', `the wire of ${physical} should be ${wire}, which this host does not have`);
  return nic.master === bridge && nic.up ? [] : [`link set ${wire} master ${bridge}`, `link set ${wire} up`];
}

/** The host itself has no business on a tenant's network: no IPv6 of its own, no answer for its addresses. */
function silence(bridge: string): void {
  setKernel(`ipv6/conf/${bridge}/disable_ipv6`, '1');
  setKernel(`ipv4/conf/${bridge}/arp_ignore`, '1');
}

/** Safe to ask twice. A wire is let go by the kernel. */
export async function ensureBridgeGone({ names }: Underlay, bridge: string): Promise<void> {
  const links = await listLinks();
  await ipBatch([names.tunnel(bridge), bridge].filter((link) => links.has(link)).map((link) => `link del ${link}`));
}
