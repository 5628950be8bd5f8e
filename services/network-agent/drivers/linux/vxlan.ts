/** VXLAN: frames for unknown places go to every other host that has the network; the kernel learns the rest. */
import type { Segment } from '#shared/contracts/network-agent.ts';
import type { Underlay } from './bridge.ts';
import { call, type Links } from './commands.ts';

const everywhere = '00:00:00:00:00:00';

/** What is missing of the tunnel, or too much, as lines of `ip -batch`. A network on one host alone has none. */
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

/** The list of hosts that get what is for everybody, compared with what the kernel has. */
export async function ensureFlood(tunnel: string, peers: readonly string[]): Promise<void> {
  if (peers.length === 0) return;
  const { stdout } = await call(['bridge', '-j', 'fdb', 'show', 'dev', tunnel]);
  const lines = floodLines(tunnel, peers, JSON.parse(stdout || '[]') as FdbEntry[]);
  if (lines.length > 0) await call(['bridge', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

export function floodLines(tunnel: string, peers: readonly string[], entries: readonly FdbEntry[]): string[] {
  const known = entries.flatMap(({ mac, dst }) => (dst === undefined ? [] : [{ mac, dst }]));
  const flooded = new Set(known.filter(({ mac }) => mac === everywhere).map(({ dst }) => dst));
  return [
    ...known.filter(({ dst }) => !peers.includes(dst)).map(({ mac, dst }) => `fdb del ${mac} dev ${tunnel} dst ${dst}`),
    ...peers.filter((peer) => !flooded.has(peer)).map((peer) => `fdb append ${everywhere} dev ${tunnel} dst ${peer}`),
  ];
}
