import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import { cidrOf, cidrText, contains, overlap } from '../addresses/cidr.ts';
import { findPortByAddress, listAddressesOfSubnet } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { markExternalDirty, markNetworkDirty } from '../networks/mark-dirty.ts';
import { lockNetwork, type NetworkRow, networkRows } from '../networks/store.ts';
import { placeDhcp } from '../ports/dhcp-port.ts';
import { owner, portRows } from '../ports/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { badResource, freshRow, given, invalidInput, type StandardInput, truth } from '../resources/values.ts';
import { cutFrom } from '../subnet-pools/operations.ts';
import { type SubnetPool, subnetPool } from '../subnet-pools/resource.ts';
import { gatewayFor, hostRoutesFor, nameserversFor, poolsFor, rangeOf, refuseDhcpIn, refuseModes } from './plan.ts';
import { type HostRoute, type Subnet, subnetRows } from './store.ts';

export interface SubnetInput extends StandardInput {
  readonly network_id: string;
  readonly ip_version?: number | string;
  readonly cidr?: string | null;
  readonly prefixlen?: number | string | null;
  readonly subnetpool_id?: string | null;
  readonly use_default_subnetpool?: unknown;
  readonly gateway_ip?: string | null;
  readonly enable_dhcp?: unknown;
  readonly allocation_pools?: readonly { readonly start: string; readonly end: string }[] | null;
  readonly dns_nameservers?: readonly string[] | null;
  readonly host_routes?: readonly HostRoute[] | null;
  readonly service_types?: readonly string[];
  readonly ipv6_ra_mode?: string | null;
  readonly ipv6_address_mode?: string | null;
}

export async function createSubnet(
  network: Network,
  caller: Caller,
  input: SubnetInput,
  projectId: string,
): Promise<Subnet> {
  const { db } = network;
  const net = await networkRows.find(db, caller, input.network_id);
  await reserve(network, projectId, 'subnet');
  await lockNetwork(db, net.id);
  const { text, subnetpoolId, version } = await chooseCidr(network, caller, input, projectId);
  const cidr = rangeOf(text, version);
  await refuseOverlap(network, net.id, text);
  const gatewayIp = gatewayFor(cidr, input.gateway_ip);
  const subnet: Subnet = {
    ...freshRow(projectId, input, 0),
    networkId: net.id,
    ipVersion: cidr.version,
    cidr: cidrText(cidr),
    gatewayIp,
    enableDhcp: input.enable_dhcp === undefined ? true : truth(input.enable_dhcp, 'enable_dhcp'),
    allocationPools: poolsFor(cidr, gatewayIp, input.allocation_pools ?? undefined),
    dnsNameservers: nameserversFor(input.dns_nameservers ?? [], cidr.version),
    hostRoutes: hostRoutesFor(input.host_routes ?? [], cidr.version),
    serviceTypes: input.service_types ?? [],
    subnetpoolId,
    ipv6RaMode: input.ipv6_ra_mode ?? null,
    ipv6AddressMode: input.ipv6_address_mode ?? null,
  };
  if (subnet.enableDhcp) refuseDhcpIn(cidr);
  refuseModes(cidr, subnet.enableDhcp, subnet.ipv6RaMode, subnet.ipv6AddressMode);
  refuseSmallFrames(net, subnet);
  await subnetRows.insert(db, subnet);
  await networkRows.update(db, net.id, {});
  await applySubnetChange(network, net.id);
  return subnet;
}

/** The requested CIDR, or one allocated from a subnet pool. */
async function chooseCidr(network: Network, caller: Caller, input: SubnetInput, projectId: string) {
  const version = Number(input.ip_version ?? 4);
  const cidr = input.cidr ?? undefined;
  const prefixlen = input.prefixlen === undefined || input.prefixlen === null ? undefined : Number(input.prefixlen);
  if (cidr !== undefined && prefixlen !== undefined)
    throw badResource('subnets', 'cidr and prefixlen must not be supplied together');
  const pool = await poolFor(network, caller, input, version);
  if (pool) {
    if (input.ip_version !== undefined && pool.ipVersion !== version)
      throw badResource('subnets', `Cannot allocate IPv${version} subnet from IPv${pool.ipVersion} subnet pool`);
    const text = await cutFrom(network, pool, { cidr, prefixlen, projectId });
    return { text, subnetpoolId: pool.id, version: pool.ipVersion };
  }
  if (cidr === undefined) throw badResource('subnets', 'a subnetpool must be specified in the absence of a cidr');
  return { text: cidr, subnetpoolId: null, version };
}

async function poolFor(
  network: Network,
  caller: Caller,
  input: SubnetInput,
  version: number,
): Promise<SubnetPool | undefined> {
  if (input.subnetpool_id) return subnetPool.rows.find(network.db, caller, input.subnetpool_id);
  if (!input.use_default_subnetpool || !truth(input.use_default_subnetpool, 'use_default_subnetpool')) return undefined;
  const [defaultPool] = await subnetPool.rows.list(network.db, caller, {
    filters: [(query) => void query.where({ isDefault: true, ipVersion: version === 6 ? 6 : 4 })],
    sorts: [],
    marker: undefined,
    limit: 1,
    reverse: false,
  });
  if (!defaultPool) throw badResource('subnets', `No default subnetpool defined for IPv${version}`);
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
  input: Partial<SubnetInput>,
): Promise<Subnet> {
  const { db } = network;
  const cidr = rangeOf(before.cidr, before.ipVersion);
  const gatewayIp = input.gateway_ip === undefined ? before.gatewayIp : gatewayFor(cidr, input.gateway_ip);
  if (gatewayIp !== before.gatewayIp) await refuseGatewayInUse(network, before);
  const pools = input.allocation_pools ?? before.allocationPools;
  const enableDhcp = input.enable_dhcp === undefined ? undefined : truth(input.enable_dhcp, 'enable_dhcp');
  if (enableDhcp && !before.enableDhcp) refuseDhcpIn(cidr);
  if (enableDhcp === false && (before.ipv6RaMode ?? before.ipv6AddressMode) !== null)
    throw invalidInput('Cannot disable enable_dhcp with ipv6 attributes set');
  const change = given({
    name: input.name,
    description: input.description ?? undefined,
    gatewayIp,
    enableDhcp,
    allocationPools: poolsFor(cidr, gatewayIp, pools),
    dnsNameservers:
      input.dns_nameservers === undefined ? undefined : nameserversFor(input.dns_nameservers ?? [], before.ipVersion),
    hostRoutes: input.host_routes === undefined ? undefined : hostRoutesFor(input.host_routes ?? [], before.ipVersion),
    serviceTypes: input.service_types,
  });
  await subnetRows.update(db, before.id, change);
  await applySubnetChange(network, before.networkId);
  if (gatewayIp !== before.gatewayIp) await markNetworkDirty(network, before.networkId);
  return { ...before, ...change, updatedAt: Date.now(), revision: before.revision + 1 };
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
