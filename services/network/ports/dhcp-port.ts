/** Leases of a network are given on one of the hosts where its ports are, from a port of its own. */
import { Fault } from '#shared/errors/fault.ts';
import { assignAddresses } from '../addresses/assign.ts';
import { deleteAddresses, insertAddresses, listAddresses } from '../addresses/store.ts';
import { atomically, type Network } from '../context.ts';
import { markDirty } from '../host-sync/store.ts';
import { isAway } from '../hosts/away.ts';
import { listHosts } from '../hosts/store.ts';
import { markPeersDirty } from '../networks/mark-dirty.ts';
import { lockNetwork, networkRows } from '../networks/store.ts';
import { type Subnet, subnetRows } from '../subnets/store.ts';
import { generateMac, newPort } from './new-port.ts';
import { boundTo, hostsOfNetwork, owner, type Port, portRows } from './store.ts';

export const hasDhcp = ({ enableDhcp, ipVersion, ipv6AddressMode }: Subnet): boolean =>
  enableDhcp && (ipVersion === 4 || (ipv6AddressMode ?? '').startsWith('dhcpv6'));

/**
 * Makes the port for leases what the network's subnets and hosts want it to be. It stays where it is while its host
 * is there and has other ports of the network, and is nowhere while none has.
 */
export async function placeDhcp(network: Network, networkId: string): Promise<void> {
  const { db } = network;
  await lockNetwork(db, networkId);
  const subnets = await subnetRows.where(db, { networkId });
  const leasing = subnets.filter(hasDhcp);
  const [port] = await portRows.where(db, { networkId, deviceOwner: owner.dhcp });
  if (leasing.length === 0) return port ? deleteDhcpPort(network, port) : undefined;
  const own = port ?? (await createDhcpPort(network, networkId));
  await ensureAddressIn(network, own, leasing);
  await moveTo(network, own, await bestHost(network, own));
}

async function bestHost(network: Network, { networkId, bindingHost }: Port): Promise<string> {
  const { db } = network;
  const hosts = await hostsOfNetwork(db, networkId);
  if (hosts.size < 2 && hosts.has(bindingHost)) return bindingHost;
  const away = new Set((await listHosts(db)).filter((each) => isAway(network, each)).map(({ host }) => host));
  if (hosts.has(bindingHost) && !away.has(bindingHost)) return bindingHost;
  const present = [...hosts.keys()].find((host) => !away.has(host));
  const [first = ''] = hosts.keys();
  return present ?? (hosts.has(bindingHost) ? bindingHost : first);
}

/** Networks whose leases were given on a host that fell silent get them from another that has ports of theirs. */
export async function moveDhcpFromDownHosts(network: Network): Promise<void> {
  const { db } = network;
  for (const silent of (await listHosts(db)).filter((each) => isAway(network, each)))
    for (const { deviceOwner, networkId } of await boundTo(db, silent.host))
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

/** One address in each subnet that leases: no more, no less. */
async function ensureAddressIn(network: Network, port: Port, leasing: readonly Subnet[]): Promise<void> {
  const { db } = network;
  const held = await listAddresses(db, [port.id]);
  const kept = held.filter(({ subnetId }) => leasing.some(({ id }) => id === subnetId));
  const lacking = leasing.filter(({ id }) => !held.some(({ subnetId }) => subnetId === id));
  if (kept.length < held.length) {
    await deleteAddresses(db, port.id);
    await insertAddresses(db, kept);
  }
  let begin = kept.length;
  for (const subnet of lacking) {
    const inputs = [{ subnet_id: subnet.id }];
    const taker = { portId: port.id, mac: port.macAddress, networkId: port.networkId, subnets: [subnet], inputs };
    begin += (await assignAddresses(network, { ...taker, begin, lowest: true }).catch(noneWhenFull)).length;
  }
}

/** A subnet without a free address has no leases: its owner hears of that from the next port there. */
function noneWhenFull(error: unknown): [] {
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
