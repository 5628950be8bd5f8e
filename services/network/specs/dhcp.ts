import type { DhcpSpec } from '#shared/contracts/network-agent.ts';
import { type Address, listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { networkRows } from '../networks/resource.ts';
import { hasDhcp } from '../ports/dhcp-port.ts';
import { owner, type Port, portRows } from '../ports/resource.ts';
import { type Subnet, subnetRows } from '../subnets/resource.ts';
import { segmentOn } from './segment.ts';

export const dhcpId = (networkId: string): string => `${networkId}/dhcp`;

/** Undefined when the DHCP port of the network is not on that host. */
export async function dhcpSpec(network: Network, host: string, networkId: string): Promise<DhcpSpec | undefined> {
  const { db, config } = network;
  const ports = await portRows.where(db, { networkId });
  const dhcpPort = ports.find(({ deviceOwner, bindingHost }) => deviceOwner === owner.dhcp && bindingHost === host);
  const net = dhcpPort ? await networkRows.get(db, networkId) : undefined;
  if (!dhcpPort || !net) return undefined;
  const addresses = Map.groupBy(
    await listAddresses(
      db,
      ports.map(({ id }) => id),
    ),
    ({ portId }) => portId,
  );
  const subnets = await subnetRows.where(db, { networkId });
  const served = new Set((addresses.get(dhcpPort.id) ?? []).map(({ subnetId }) => subnetId));
  const dhcpSubnetIds = new Set(subnets.filter((each) => hasDhcp(each) && served.has(each.id)).map(({ id }) => id));
  const guests = ports.filter(({ id, bindingHost }) => bindingHost !== '' && id !== dhcpPort.id);
  return {
    id: dhcpId(networkId),
    segment: await segmentOn(network, net, host),
    port: { id: dhcpPort.id, mac: dhcpPort.macAddress, fixedIps: (addresses.get(dhcpPort.id) ?? []).map(fixedIp) },
    subnets: subnets.map((subnet) => ({ ...subnetSpec(subnet), dhcp: dhcpSubnetIds.has(subnet.id) })),
    leases: guests.flatMap((port) =>
      (addresses.get(port.id) ?? [])
        .filter(({ subnetId }) => dhcpSubnetIds.has(subnetId))
        .map((each) => lease(port, each)),
    ),
    domain: net.dnsDomain.replace(/\.$/, '') || config.dnsDomain,
  };
}

const fixedIp = ({ address, subnetId }: Address) => ({ address, subnetId });

const subnetSpec = ({ id, cidr, gatewayIp, dnsNameservers, hostRoutes }: Subnet) => ({
  id,
  cidr,
  gateway: gatewayIp,
  dns: dnsNameservers,
  routes: hostRoutes,
});

const lease = ({ id, macAddress, dnsName }: Port, { address }: Address) => ({
  portId: id,
  mac: macAddress,
  address,
  name: dnsName || `host-${address.replaceAll(/[.:]/g, '-')}`,
});
