/** VXLAN: frames to unknown MACs are flooded to all other hosts of the network; the kernel learns the rest. */
import type { Segment } from '#shared/contracts/network-agent.ts';
import { type Links, runProgram } from './commands.ts';
import type { Underlay } from './underlay.ts';

const floodMac = '00:00:00:00:00:00';

/** Lines of `ip -batch` that create, repair or delete the tunnel. A network on a single host has none. */
export function tunnelLines({ names, tunnelAddress, vxlanPort }: Underlay, segment: Segment, links: Links): string[] {
  const { bridge, mtu, id } = segment;
  const tunnel = names.tunnel(bridge);
  const applied = links.get(tunnel);
  if (segment.type !== 'vxlan' || segment.peers.length === 0) return applied ? [`link del ${tunnel}`] : [];
  const current = applied?.vni === id;
  return [
    ...(applied && !current ? [`link del ${tunnel}`] : []),
    ...(current ? [] : [`link add ${tunnel} type vxlan id ${id} local ${tunnelAddress} dstport ${vxlanPort} learning`]),
    ...(current && applied.mtu === mtu ? [] : [`link set ${tunnel} mtu ${mtu} addrgenmode none`]),
    ...(current && applied.master === bridge && applied.up
      ? []
      : [`link set ${tunnel} master ${bridge}`, `link set ${tunnel} up`]),
  ];
}

interface FdbEntry {
  readonly mac: string;
  readonly dst?: string;
}

/** Makes the flood list of a tunnel these hosts. */
export async function ensureFlood(tunnel: string, peers: readonly string[]): Promise<void> {
  if (peers.length === 0) return;
  const { stdout } = await runProgram(['bridge', '-j', 'fdb', 'show', 'dev', tunnel]);
  const lines = floodLines(tunnel, peers, JSON.parse(stdout || '[]') as FdbEntry[]);
  if (lines.length > 0) await runProgram(['bridge', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

export function floodLines(tunnel: string, peers: readonly string[], entries: readonly FdbEntry[]): string[] {
  const known = entries.flatMap(({ mac, dst }) => (dst === undefined ? [] : [{ mac, dst }]));
  const flooded = new Set(known.filter(({ mac }) => mac === floodMac).map(({ dst }) => dst));
  return [
    ...known.filter(({ dst }) => !peers.includes(dst)).map(({ mac, dst }) => `fdb del ${mac} dev ${tunnel} dst ${dst}`),
    ...peers.filter((peer) => !flooded.has(peer)).map((peer) => `fdb append ${floodMac} dev ${tunnel} dst ${peer}`),
  ];
}
