/** Allocates addresses of a port: the requested ones, or free ones. */
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { canonical, cidrOf, contains, eui64, numberOf } from '#shared/net/addresses.ts';
import type { Network } from '../context.ts';
import { networkRows } from '../networks/resource.ts';
import type { FixedIpInput } from '../ports/resource.ts';
import { invalidInput, missing } from '../resources/values.ts';
import { type Subnet, subnetRows } from '../subnets/resource.ts';
import { lowestFree, randomAddresses, usable } from './pools.ts';
import { type Address, findTaken, insertAddresses, listTaken } from './store.ts';

interface AddressRequest {
  readonly portId: string;
  readonly mac: string;
  readonly networkId: string;
  readonly subnets: readonly Subnet[];
  /** Undefined: an address of each family. */
  readonly inputs: readonly FixedIpInput[] | undefined;
  readonly deviceOwner: string;
  /** Allocate the lowest free address instead of a random one: for the network's own ports. */
  readonly lowest?: boolean;
  /** The position of the first new address; the port has this many already. */
  readonly firstPosition?: number;
}

/** Allocates in the caller's transaction; the primary key prevents double allocation. */
export async function assignAddresses(network: Network, request: AddressRequest): Promise<Address[]> {
  const { inputs } = request;
  const rows: Address[] = [];
  const allocate = async ({ subnet, address }: FreeAddress) => {
    const { portId, networkId, firstPosition = 0 } = request;
    const row = { subnetId: subnet.id, address, portId, networkId, position: firstPosition + rows.length };
    await insertAddresses(network.db, [row]);
    rows.push(row);
  };
  if (inputs === undefined) for (const choice of await onePerFamily(network, request)) await allocate(choice);
  else {
    refuseDuplicates(inputs);
    // Each is allocated before the next is chosen, so that two are never the same.
    for (const input of inputs) await allocate(await chooseAddress(network, request, input));
  }
  return rows;
}

interface FreeAddress {
  readonly subnet: Subnet;
  readonly address: string;
}

function refuseDuplicates(inputs: readonly FixedIpInput[]): void {
  const named = inputs.flatMap(({ ip_address }) => (ip_address === undefined ? [] : (canonical(ip_address) ?? [])));
  const duplicate = named.find((address, at) => named.indexOf(address) < at);
  if (duplicate !== undefined)
    throw badRequest(`Invalid input for fixed_ips. Reason: Duplicate IP address '${duplicate}'.`, 'HTTPBadRequest');
}

export const isAutomatic = ({ ipVersion, ipv6AddressMode }: Subnet): boolean =>
  ipVersion === 6 && (ipv6AddressMode === 'slaac' || ipv6AddressMode === 'dhcpv6-stateless');

/** The subnets for ports of that device owner, those of any service type first and those of none after them. */
function serving({ subnets, deviceOwner }: AddressRequest): Subnet[] {
  const own = subnets.filter(({ serviceTypes }) => serviceTypes.includes(deviceOwner));
  const found = [...own, ...subnets.filter(({ serviceTypes }) => serviceTypes.length === 0)];
  if (found.length > 0 || subnets.length === 0) return found;
  throw conflict('No valid service subnet for the given device owner.', 'IpAddressGenerationFailureNoMatchingSubnet');
}

async function onePerFamily(network: Network, request: AddressRequest): Promise<FreeAddress[]> {
  const candidates = serving(request);
  const automatic = candidates
    .filter(isAutomatic)
    .map((subnet) => ({ subnet, address: automaticAddress(subnet, request) }));
  const found = [];
  for (const version of [4, 6] as const) {
    const subnets = candidates.filter((subnet) => subnet.ipVersion === version && !isAutomatic(subnet));
    const free = await firstFree(network, subnets);
    if (free) found.push(free);
    else if (subnets.length > 0) throw exhausted(request.networkId);
  }
  return [...found, ...automatic];
}

async function firstFree(network: Network, subnets: readonly Subnet[]) {
  for (const subnet of subnets) {
    const address = await findFreeAddress(network, subnet);
    if (address !== undefined) return { subnet, address };
  }
  return undefined;
}

async function findFreeAddress(
  { db }: Network,
  { id, allocationPools }: Subnet,
  lowest = false,
): Promise<string | undefined> {
  if (lowest) return lowestFree(allocationPools, await listTaken(db, id));
  const some = randomAddresses(allocationPools, 8);
  const taken = await findTaken(db, id, some);
  return some.find((address) => !taken.has(address)) ?? lowestFree(allocationPools, await listTaken(db, id));
}

const automaticAddress = (subnet: Subnet, { mac }: AddressRequest): string => {
  const cidr = cidrOf(subnet.cidr);
  if (!cidr) throw new Error(`subnet ${subnet.id} has no range`);
  return eui64(cidr, mac);
};

async function chooseAddress(network: Network, request: AddressRequest, input: FixedIpInput): Promise<FreeAddress> {
  const subnet = await subnetFor(network, request, input);
  if (input.ip_address !== undefined)
    return { subnet, address: await requestedAddress(network, subnet, input.ip_address) };
  if (isAutomatic(subnet)) return { subnet, address: automaticAddress(subnet, request) };
  const address = await findFreeAddress(network, subnet, request.lowest);
  if (address === undefined) throw exhausted(request.networkId);
  return { subnet, address };
}

async function subnetFor(
  { db }: Network,
  request: AddressRequest,
  { subnet_id, ip_address }: FixedIpInput,
): Promise<Subnet> {
  const { networkId, subnets } = request;
  if (subnet_id !== undefined) {
    const named = subnets.find(({ id }) => id === subnet_id);
    if (named) return named;
    if (!(await subnetRows.get(db, subnet_id)))
      throw missing('SubnetNotFound', `Subnet ${subnet_id} could not be found.`);
    throw invalidInput(
      `Failed to create port on network ${networkId}, because fixed_ips included invalid subnet ${subnet_id}`,
    );
  }
  if (ip_address === undefined) throw invalidInput('IP allocation requires subnet_id or ip_address');
  const containing = subnets.find(({ cidr }) => contains(cidrOf(cidr) ?? malformedCidr(cidr), ip_address));
  if (containing) return containing;
  throw new Fault(
    400,
    'badRequest',
    `IP address ${ip_address} is not a valid IP for any of the subnets on the specified network.`,
    { type: 'InvalidIpForNetwork' },
  );
}

async function requestedAddress(network: Network, subnet: Subnet, requested: string): Promise<string> {
  const { db } = network;
  const address = canonical(requested);
  const cidr = cidrOf(subnet.cidr) ?? malformedCidr(subnet.cidr);
  const { first, last } = usable(cidr);
  const value = address === undefined ? undefined : numberOf(address);
  if (address === undefined || value === undefined || !contains(cidr, address) || value < first || value > last)
    throw new Fault(400, 'badRequest', `IP address ${requested} is not a valid IP for the specified subnet.`, {
      type: 'InvalidIpForSubnet',
    });
  if ((await findTaken(db, subnet.id, [address])).size > 0 || (await isExternalGateway(network, subnet, address)))
    throw conflict(`IP address ${address} already allocated in subnet ${subnet.id}`, 'IpAddressAlreadyAllocated');
  return address;
}

/** The gateway of an external flat network is the host itself or a physical router, so no port can have its address. */
async function isExternalGateway({ db }: Network, { networkId, gatewayIp }: Subnet, address: string): Promise<boolean> {
  if (gatewayIp !== address) return false;
  const net = await networkRows.get(db, networkId);
  return net?.external === true && net.networkType === 'flat';
}

const exhausted = (networkId: string) =>
  conflict(`No more IP addresses available on network ${networkId}.`, 'IpAddressGenerationFailure');

const malformedCidr = (cidr: string): never => {
  throw new Error(`${cidr} is no range`);
};
