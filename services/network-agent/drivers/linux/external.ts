/** The host's own address on the bridge of an external flat network. */
import type { ExternalSpec } from '#shared/contracts/network-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import { isWithin } from '#shared/net/addresses.ts';
import { ipBatch, type Links, listLinks, setSysctl } from './commands.ts';

/** The bridge must exist. The firewall has the masquerade rule. */
export async function ensureExternal({ segment, hostAddress, masquerade }: ExternalSpec): Promise<void> {
  const { bridge } = segment;
  const links = await listLinks();
  if (hostAddress !== null) refuseOverlap(bridge, hostAddress, links);
  await ipBatch(addressLines(bridge, hostAddress === null ? [] : [hostAddress], links));
  if (hostAddress !== null) setSysctl(`ipv4/conf/${bridge}/arp_notify`, '1');
  if (masquerade) setSysctl('ipv4/ip_forward', '1');
}

/** Removes the host's address. The bridge stays while routers use it. */
export async function ensureExternalGone(bridge: string): Promise<void> {
  const links = await listLinks();
  if (links.has(bridge)) await ipBatch(addressLines(bridge, [], links));
}

/** Lines of `ip -batch` that give a link exactly these addresses. */
export function addressLines(link: string, wanted: readonly string[], links: Links): string[] {
  const current = links.get(link)?.addresses ?? [];
  return [
    ...current.filter((address) => !wanted.includes(address)).map((address) => `addr del ${address} dev ${link}`),
    ...wanted.filter((address) => !current.includes(address)).map((address) => `addr add ${address} dev ${link}`),
  ];
}

/** The same range on two bridges of one host would break routing for both clouds. */
function refuseOverlap(bridge: string, hostAddress: string, links: Links): void {
  const mine = hostAddress.split('/')[0] ?? '';
  for (const { name, addresses } of links.values()) {
    const other = addresses.find(
      (address) => isWithin(mine, address) || isWithin(address.split('/')[0] ?? '', hostAddress),
    );
    if (other === undefined || name === bridge) continue;
    throw conflict(
      `${hostAddress} cannot be the address of ${bridge}: ${name} of this host has ${other}; give this cloud another external range`,
    );
  }
}
