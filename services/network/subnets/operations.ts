import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import { cidrOf, cidrText, contains, overlap } from '#shared/net/addresses.ts';
import { refuseSecondPool } from '../address-scopes/affinity.ts';
import { findPortByAddress, listAddressesOfSubnet } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { markExternalDirty, markNetworkDirty } from '../networks/mark-dirty.ts';
import { type NetworkRow, networkRows } from '../networks/resource.ts';
import { lockNetwork } from '../networks/store.ts';
import { placeDhcp } from '../ports/dhcp-port.ts';
import { owner, portRows } from '../ports/resource.ts';
import { reserve } from '../quotas/quotas.ts';
import { badResource, freshRow, invalidInput } from '../resources/values.ts';
import { cutFrom } from '../subnet-pools/operations.ts';
import { type SubnetPool, subnetPools } from '../subnet-pools/resource.ts';
import { gatewayFor, hostRoutesFor, nameserversFor, poolsFor, rangeOf, refuseDhcpIn, refuseModes } from './plan.ts';
import { type NewSubnet, type Subnet, type SubnetChange, subnetRows } from './resource.ts';

export async function createSubnet(
  network: Network,
  caller: Caller,
  input: NewSubnet,
  projectId: string,
): Promise<Subnet> {
  const { db } = network;
  const net = await networkRows.find(db, caller, input.networkId);
  await reserve(network, projectId, 'subnet');
  await lockNetwork(db, net.id);
  const { text, subnetpoolId, version } = await chooseCidr(network, caller, input, projectId);
  const cidr = rangeOf(text, version);
  await refuseOverlap(network, net.id, text);
  const gatewayIp = gatewayFor(cidr, input.gatewayIp);
  const { prefixlen: _, useDefaultSubnetpool: __, ...named } = input;
  const subnet: Subnet = {
    ...freshRow(projectId, input, 0),
    ...named,
    subnetpoolId,
    ipVersion: cidr.version,
    cidr: cidrText(cidr),
    gatewayIp,
    allocationPools: poolsFor(cidr, gatewayIp, input.allocationPools),
    dnsNameservers: nameserversFor(input.dnsNameservers ?? [], cidr.version),
    hostRoutes: hostRoutesFor(input.hostRoutes ?? [], cidr.version),
    serviceTypes: input.serviceTypes ?? [],
  };
  if (subnet.enableDhcp) refuseDhcpIn(cidr);
  refuseModes(cidr, subnet);
  refuseSmallFrames(net, subnet);
  await subnetRows.insert(db, subnet);
  await networkRows.update(db, net.id, {});
  await applySubnetChange(network, net.id);
  return subnet;
}

/** The requested CIDR, or one allocated from a subnet pool. */
async function chooseCidr(network: Network, caller: Caller, input: NewSubnet, projectId: string) {
  const { cidr, prefixlen, ipVersion = 4 } = input;
  if (cidr !== undefined && prefixlen !== undefined)
    throw badResource('subnets', 'cidr and prefixlen must not be supplied together');
  const pool = await poolFor(network, caller, input);
  if (pool) {
    if (input.ipVersion !== undefined && pool.ipVersion !== ipVersion)
      throw badResource('subnets', `Cannot allocate IPv${ipVersion} subnet from IPv${pool.ipVersion} subnet pool`);
    await refuseSecondPool(network, input.networkId, pool);
    const text = await cutFrom(network, pool, { cidr, prefixlen, projectId });
    return { text, subnetpoolId: pool.id, version: pool.ipVersion };
  }
  if (cidr === undefined) throw badResource('subnets', 'a subnetpool must be specified in the absence of a cidr');
  return { text: cidr, subnetpoolId: null, version: ipVersion };
}

async function poolFor({ db }: Network, caller: Caller, input: NewSubnet): Promise<SubnetPool | undefined> {
  const { subnetpoolId, useDefaultSubnetpool, ipVersion = 4 } = input;
  if (subnetpoolId) return subnetPools.rows.find(db, caller, subnetpoolId);
  if (!useDefaultSubnetpool) return undefined;
  const [defaultPool] = await subnetPools.rows.list(db, caller, {
    filters: [(query) => void query.where({ isDefault: true, ipVersion })],
    sorts: [],
    marker: undefined,
    limit: 1,
    reverse: false,
  });
  if (!defaultPool) throw badResource('subnets', `No default subnetpool defined for IPv${ipVersion}`);
  return defaultPool;
}

const smallestV6Mtu = 1280;

function refuseSmallFrames({ id, mtu }: NetworkRow, { ipVersion }: Subnet): void {
  if (ipVersion === 6 && mtu < smallestV6Mtu)
    throw conflict(
      `MTU of ${id} is not valid, subnet requires a minimum of ${smallestV6Mtu}`,
      'NetworkMTUSubnetConflict',
    );
}

async function refuseOverlap({ db }: Network, networkId: string, cidr: string): Promise<void> {
  const added = cidrOf(cidr);
  for (const { cidr: other, id } of await subnetRows.where(db, { networkId })) {
    const range = cidrOf(other);
    if (added && range && overlap(added, range))
      throw invalidInput(
        `Requested subnet with cidr: ${cidr} for network: ${networkId} overlaps with another subnet (${id}: ${other})`,
      );
  }
}

/** Updates the DHCP port and the external network after a change of subnets. */
async function applySubnetChange(network: Network, networkId: string): Promise<void> {
  await placeDhcp(network, networkId);
  const net = await networkRows.get(network.db, networkId);
  if (net?.external) await markExternalDirty(network, net);
}

export async function updateSubnet(
  network: Network,
  _caller: Caller,
  before: Subnet,
  input: SubnetChange,
): Promise<void> {
  const { db } = network;
  const { enableDhcp, dnsNameservers, hostRoutes, allocationPools = before.allocationPools } = input;
  const cidr = rangeOf(before.cidr, before.ipVersion);
  const gatewayIp = input.gatewayIp === undefined ? before.gatewayIp : gatewayFor(cidr, input.gatewayIp);
  if (gatewayIp !== before.gatewayIp) await refuseGatewayInUse(network, before);
  if (enableDhcp && !before.enableDhcp) refuseDhcpIn(cidr);
  if (enableDhcp === false && (before.ipv6RaMode ?? before.ipv6AddressMode) !== null)
    throw invalidInput('Cannot disable enable_dhcp with ipv6 attributes set');
  await subnetRows.update(db, before.id, {
    ...input,
    gatewayIp,
    allocationPools: poolsFor(cidr, gatewayIp, allocationPools),
    ...(dnsNameservers ? { dnsNameservers: nameserversFor(dnsNameservers, before.ipVersion) } : {}),
    ...(hostRoutes ? { hostRoutes: hostRoutesFor(hostRoutes, before.ipVersion) } : {}),
  });
  await applySubnetChange(network, before.networkId);
  if (gatewayIp !== before.gatewayIp) await markNetworkDirty(network, before.networkId);
}

async function refuseGatewayInUse({ db }: Network, { networkId, gatewayIp }: Subnet): Promise<void> {
  const portId = gatewayIp === null ? undefined : await findPortByAddress(db, networkId, gatewayIp);
  const port = portId === undefined ? undefined : await portRows.get(db, portId);
  if (port?.deviceOwner !== owner.routerInterface) return;
  throw conflict(
    `Current gateway ip ${gatewayIp} already in use by port ${port.id}. Unable to update.`,
    'GatewayIpInUse',
  );
}

export async function removeSubnet(network: Network, _caller: Caller, subnet: Subnet): Promise<void> {
  const { db } = network;
  const portIds = (await listAddressesOfSubnet(db, subnet.id)).map(({ portId }) => portId);
  const ports = await portRows.whereIn(db, 'id', portIds);
  if (ports.some(({ deviceOwner }) => deviceOwner !== owner.dhcp))
    throw conflict(
      `Unable to complete operation on subnet ${subnet.id}: One or more ports have an IP allocation from this subnet.`,
      'SubnetInUse',
    );
  await subnetRows.remove(db, subnet.id);
  await networkRows.update(db, subnet.networkId, {});
  await applySubnetChange(network, subnet.networkId);
}

/** The subnet whose CIDR contains an address. */
export const subnetContaining = (subnets: readonly Subnet[], address: string): Subnet | undefined =>
  subnets.find(({ cidr }) => {
    const range = cidrOf(cidr);
    return range !== undefined && contains(range, address);
  });
