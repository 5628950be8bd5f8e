import { ipBatch, type Links, listLinks } from './commands.ts';

/** A pair of interfaces: one end on a bridge of the host, the other in a namespace. */
interface Cable {
  readonly veth: string;
  readonly link: string;
  readonly mac: string;
  readonly bridge: string;
  readonly mtu: number;
}

/** What is missing of it, as lines of `ip -batch` in the host's namespace. */
export function cableLines(
  { veth, link, mac, bridge, mtu }: Cable,
  space: string,
  host: Links,
  within: Links,
): string[] {
  const [outer, innerEnd] = [host.get(veth), within.get(link)];
  const whole =
    outer !== undefined && innerEnd !== undefined && innerEnd.mac === mac.toLowerCase() && innerEnd.mtu === mtu;
  if (whole && outer.master === bridge && outer.up) return [];
  const plugged = [`link set ${veth} master ${bridge} addrgenmode none`, `link set ${veth} up`];
  if (whole) return plugged;
  const made = `link add ${veth} mtu ${mtu} type veth peer name ${link} mtu ${mtu} address ${mac} netns ${space}`;
  return [...(outer ? [`link del ${veth}`] : []), made, ...plugged];
}

/** In a space made with this, a link tells its neighbours its addresses when it gets its MAC anew. */
export const announces = 'ipv4/conf/all/arp_notify';
export const announceLine = (link: string, mac: string): string => `link set ${link} address ${mac}`;

/** The kernel takes the far end away with the near one, at once; with a namespace it takes its time. */
export async function ensureCablesGone(veths: readonly string[]): Promise<void> {
  const links = await listLinks();
  await ipBatch(veths.filter((veth) => links.has(veth)).map((veth) => `link del ${veth}`));
}
