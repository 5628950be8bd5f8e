import { ipBatch, type Links, listLinks } from './commands.ts';

/** A veth pair: one end on a bridge of the host, the other in a namespace. */
interface VethPair {
  readonly veth: string;
  readonly link: string;
  readonly mac: string;
  readonly bridge: string;
  readonly mtu: number;
}

/** Lines of `ip -batch`, in the host's namespace, that create or repair the pair. */
export function vethLines(
  { veth, link, mac, bridge, mtu }: VethPair,
  namespace: string,
  host: Links,
  inside: Links,
): string[] {
  const [hostEnd, innerEnd] = [host.get(veth), inside.get(link)];
  const complete =
    hostEnd !== undefined && innerEnd !== undefined && innerEnd.mac === mac.toLowerCase() && innerEnd.mtu === mtu;
  if (complete && hostEnd.master === bridge && hostEnd.up) return [];
  const attach = [`link set ${veth} master ${bridge} addrgenmode none`, `link set ${veth} up`];
  if (complete) return attach;
  const added = `link add ${veth} mtu ${mtu} type veth peer name ${link} mtu ${mtu} address ${mac} netns ${namespace}`;
  return [...(hostEnd ? [`link del ${veth}`] : []), added, ...attach];
}

/** With this sysctl in a namespace, the kernel sends gratuitous ARP when the MAC of a link is set again. */
export const arpNotify = 'ipv4/conf/all/arp_notify';
export const announceLine = (link: string, mac: string): string => `link set ${link} address ${mac}`;

/** Deletes the host's end, which deletes the other end at once; deleting a namespace does so later. */
export async function ensureVethsGone(veths: readonly string[]): Promise<void> {
  const links = await listLinks();
  await ipBatch(veths.filter((veth) => links.has(veth)).map((veth) => `link del ${veth}`));
}
