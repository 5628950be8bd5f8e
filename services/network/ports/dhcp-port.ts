/** The DHCP port of a network, bound to one of the hosts that have its ports. */
import { Fault } from '#shared/errors/fault.ts';
import { assignAddresses } from '../addresses/assign.ts';
import { deleteAddresses, insertAddresses, listAddresses } from '../addresses/store.ts';
import { atomically, type Network } from '../context.ts';
import { markDirty } from '../host-sync/store.ts';
import { type Host, listHosts } from '../hosts/store.ts';
import { isInZones } from '../hosts/zones.ts';
import { markPeersDirty } from '../networks/mark-dirty.ts';
import { networkRows } from '../networks/resource.ts';
import { lockNetwork } from '../networks/store.ts';
import { type Subnet, subnetRows } from '../subnets/resource.ts';
import { generateMac, newPort } from './new-port.ts';
import { owner, type Port, portRows } from './resource.ts';
import { boundTo, hostsOfNetwork } from './store.ts';

export const hasDhcp = ({ enableDhcp, ipVersion, ipv6AddressMode }: Subnet): boolean =>
  enableDhcp && (ipVersion === 4 || (ipv6AddressMode ?? '').startsWith('dhcpv6'));

/**
 * Creates, updates, moves or deletes the DHCP port to match the network's subnets and hosts. It stays on its host while that is up
 * and has other ports of the network, and is unbound while no host has one. A host in a zone that the network names comes first.
 */
export async function placeDhcp(network: Network, networkId: string): Promise<void> {
  const { db } = network;
  await lockNetwork(db, networkId);
  const subnets = await subnetRows.where(db, { networkId });
  const dhcpSubnets = subnets.filter(hasDhcp);
  const [port] = await portRows.where(db, { networkId, deviceOwner: owner.dhcp });
  if (dhcpSubnets.length === 0) return port ? deleteDhcpPort(network, port) : undefined;
  const dhcpPort = port ?? (await createDhcpPort(network, networkId));
  await ensureAddresses(network, dhcpPort, dhcpSubnets);
  await moveTo(network, dhcpPort, await chooseHost(network, dhcpPort));
}

async function chooseHost(network: Network, { networkId, bindingHost }: Port): Promise<string> {
  const { db, presence } = network;
  const hosts = await hostsOfNetwork(db, networkId);
  if (hosts.size < 2 && hosts.has(bindingHost)) return bindingHost;
  const { availabilityZoneHints = [] } = (await networkRows.get(db, networkId)) ?? {};
  const up = (await listHosts(db)).filter(
    (each) => hosts.has(each.host) && mayServe(each) && !presence.isAvoided(each.host),
  );
  const inZone = up.filter((each) => isInZones(each, availabilityZoneHints));
  for (const each of [inZone.map(({ host }) => host), up.map(({ host }) => host), [...hosts.keys()]]) {
    const [first] = each;
    if (first !== undefined) return each.includes(bindingHost) ? bindingHost : first;
  }
  return '';
}

/** Not disabled by an administrator, and able to. */
const mayServe = ({ adminStateUp, unfit }: Host) => adminStateUp && unfit.length === 0;

/** Moves DHCP ports from hosts that are down to other hosts of their networks. */
export async function moveDhcpFromDownHosts(network: Network): Promise<void> {
  const { db, presence } = network;
  for (const down of (await listHosts(db)).filter(({ host }) => presence.isLost(host)))
    for (const { deviceOwner, networkId } of await boundTo(db, down.host))
      if (deviceOwner === owner.dhcp) await atomically(network, (within) => placeDhcp(within, networkId));
}

async function createDhcpPort({ db }: Network, networkId: string): Promise<Port> {
  const net = await networkRows.get(db, networkId);
  const port: Port = {
    ...newPort(networkId, net?.projectId ?? ''),
    macAddress: await generateMac(db, networkId),
    deviceId: `dhcp-${networkId}`,
    deviceOwner: owner.dhcp,
    portSecurityEnabled: false,
  };
  await portRows.insert(db, port);
  return port;
}

/** Gives the DHCP port exactly one address in each subnet with DHCP. */
async function ensureAddresses(network: Network, port: Port, dhcpSubnets: readonly Subnet[]): Promise<void> {
  const { db } = network;
  const current = await listAddresses(db, [port.id]);
  const kept = current.filter(({ subnetId }) => dhcpSubnets.some(({ id }) => id === subnetId));
  const missing = dhcpSubnets.filter(({ id }) => !current.some(({ subnetId }) => subnetId === id));
  if (kept.length < current.length) {
    await deleteAddresses(db, port.id);
    await insertAddresses(db, kept);
  }
  let firstPosition = kept.length;
  for (const subnet of missing) {
    const inputs = [{ subnet_id: subnet.id }];
    const { id: portId, macAddress: mac, deviceOwner } = port;
    const request = { portId, mac, deviceOwner, networkId: port.networkId, subnets: [subnet], inputs };
    firstPosition += (
      await assignAddresses(network, { ...request, firstPosition, lowest: true }).catch(ignoreExhausted)
    ).length;
  }
}

/** A subnet without a free address has no DHCP. The next port there is refused with the reason. */
function ignoreExhausted(error: unknown): [] {
  if (error instanceof Fault && error.type === 'IpAddressGenerationFailure') return [];
  throw error;
}

async function moveTo(network: Network, { id, networkId, bindingHost }: Port, host: string): Promise<void> {
  const { db } = network;
  await markDirty(db, [
    { host: bindingHost, kind: 'dhcp', subject: networkId },
    { host, kind: 'dhcp', subject: networkId },
  ]);
  if (host === bindingHost) return;
  const vifType = host === '' ? 'unbound' : 'bridge';
  await portRows.update(db, id, { bindingHost: host, vifType, status: 'DOWN' });
  await markPeersDirty(network, networkId);
}

async function deleteDhcpPort({ db }: Network, { id, networkId, bindingHost }: Port): Promise<void> {
  await deleteAddresses(db, id);
  await portRows.remove(db, id);
  await markDirty(db, [{ host: bindingHost, kind: 'dhcp', subject: networkId }]);
}
