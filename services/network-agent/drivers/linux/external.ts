/** The outside world of a flat network: the host's own foot in it. */
import type { ExternalSpec } from '#shared/contracts/network-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import { isWithin } from './addresses.ts';
import { ipBatch, type Links, listLinks, setKernel } from './commands.ts';

/** The bridge is there already. Masquerading is the firewall's part. */
export async function ensureExternal({ segment, hostAddress, masquerade }: ExternalSpec): Promise<void> {
  const { bridge } = segment;
  const links = await listLinks();
  if (hostAddress !== null) refuseTwice(bridge, hostAddress, links);
  await ipBatch(addressLines(bridge, hostAddress === null ? [] : [hostAddress], links));
  if (hostAddress !== null) setKernel(`ipv4/conf/${bridge}/arp_notify`, '1');
  if (masquerade) setKernel('ipv4/ip_forward', '1');
}

/** The bridge stays while routers use it, but the host leaves. */
export async function ensureExternalGone(bridge: string): Promise<void> {
  const links = await listLinks();
  if (links.has(bridge)) await ipBatch(addressLines(bridge, [], links));
}

/** Makes the addresses of a link these and no others, as lines of `ip -batch`. */
export function addressLines(link: string, wanted: readonly string[], links: Links): string[] {
  const standing = links.get(link)?.addresses ?? [];
  return [
    ...standing.filter((address) => !wanted.includes(address)).map((address) => `addr del ${address} dev ${link}`),
    ...wanted.filter((address) => !standing.includes(address)).map((address) => `addr add ${address} dev ${link}`),
  ];
}

/** Two clouds with one range on one machine would each break the other. */
function refuseTwice(bridge: string, hostAddress: string, links: Links): void {
  const mine = hostAddress.split('/')[0] ?? '';
  for (const { name, addresses } of links.values()) {
    const other = addresses.find(
      (address) => isWithin(mine, address) || isWithin(address.split('/')[0] ?? '', hostAddress),
    );
    if (other === undefined || name === bridge) continue;
    throw conflict(
      `${hostAddress} cannot be the way out: ${name} of this host has ${other}; give this cloud another external range`,
    );
  }
}
