/** Which addresses a port gets: those it asked for, or the next free ones. */
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { networkRows } from '../networks/store.ts';
import { invalidInput, missing } from '../resources/values.ts';
import { type Subnet, subnetRows } from '../subnets/store.ts';
import { canonical, cidrOf, contains, eui64, numberOf, usable } from './cidr.ts';
import { lowestFree, randomAddresses } from './pools.ts';
import { type Address, findTaken, insertAddresses, listTaken } from './store.ts';

export interface FixedIpInput {
  readonly subnet_id?: string;
  readonly ip_address?: string;
}

interface Taker {
  readonly portId: string;
  readonly mac: string;
  readonly networkId: string;
  readonly subnets: readonly Subnet[];
  /** Undefined: an address of each family. */
  readonly inputs: readonly FixedIpInput[] | undefined;
  /** The first free ones: what the network itself takes shall not be in the way of what people ask for. */
  readonly lowest?: boolean;
  /** Those that it has already. */
  readonly begin?: number;
}

/** Takes them in the caller's transaction: the key of the table decides who was first. */
export async function assignAddresses(network: Network, taker: Taker): Promise<Address[]> {
  const { inputs } = taker;
  const rows: Address[] = [];
  const take = async ({ subnet, address }: Choice) => {
    const { portId, networkId, begin = 0 } = taker;
    const row = { subnetId: subnet.id, address, portId, networkId, position: begin + rows.length };
    await insertAddresses(network.db, [row]);
    rows.push(row);
  };
  if (inputs === undefined) for (const choice of await oneOfEachFamily(network, taker)) await take(choice);
  else {
    refuseTwice(inputs);
    // Each is taken before the next is looked for, so that two of them are never the same.
    for (const input of inputs) await take(await granted(network, taker, input));
  }
  return rows;
}

interface Choice {
  readonly subnet: Subnet;
  readonly address: string;
}

function refuseTwice(inputs: readonly FixedIpInput[]): void {
  const named = inputs.flatMap(({ ip_address }) => (ip_address === undefined ? [] : (canonical(ip_address) ?? [])));
  const twice = named.find((address, at) => named.indexOf(address) < at);
  if (twice !== undefined)
    throw badRequest(`Invalid input for fixed_ips. Reason: Duplicate IP address '${twice}'.`, 'HTTPBadRequest');
}

export const isAutomatic = ({ ipVersion, ipv6AddressMode }: Subnet): boolean =>
  ipVersion === 6 && (ipv6AddressMode === 'slaac' || ipv6AddressMode === 'dhcpv6-stateless');

async function oneOfEachFamily(network: Network, taker: Taker): Promise<Choice[]> {
  const automatic = taker.subnets
    .filter(isAutomatic)
    .map((subnet) => ({ subnet, address: automaticOf(subnet, taker) }));
  const found = [];
  for (const version of [4, 6] as const) {
    const subnets = taker.subnets.filter((subnet) => subnet.ipVersion === version && !isAutomatic(subnet));
    const free = await firstFree(network, subnets);
    if (free) found.push(free);
    else if (subnets.length > 0) throw exhausted(taker.networkId);
  }
  return [...found, ...automatic];
}

async function firstFree(network: Network, subnets: readonly Subnet[]) {
  for (const subnet of subnets) {
    const address = await freeIn(network, subnet);
    if (address !== undefined) return { subnet, address };
  }
  return undefined;
}

async function freeIn({ db }: Network, { id, allocationPools }: Subnet, lowest = false): Promise<string | undefined> {
  if (lowest) return lowestFree(allocationPools, await listTaken(db, id));
  const some = randomAddresses(allocationPools, 8);
  const taken = await findTaken(db, id, some);
  return some.find((address) => !taken.has(address)) ?? lowestFree(allocationPools, await listTaken(db, id));
}

const automaticOf = (subnet: Subnet, { mac }: Taker): string => {
  const cidr = cidrOf(subnet.cidr);
  if (!cidr) throw new Error(`subnet ${subnet.id} has no range`);
  return eui64(cidr, mac);
};

async function granted(network: Network, taker: Taker, input: FixedIpInput): Promise<Choice> {
  const subnet = await subnetFor(network, taker, input);
  if (input.ip_address !== undefined) return { subnet, address: await thatOne(network, subnet, input.ip_address) };
  if (isAutomatic(subnet)) return { subnet, address: automaticOf(subnet, taker) };
  const address = await freeIn(network, subnet, taker.lowest);
  if (address === undefined) throw exhausted(taker.networkId);
  return { subnet, address };
}

async function subnetFor({ db }: Network, taker: Taker, { subnet_id, ip_address }: FixedIpInput): Promise<Subnet> {
  const { networkId, subnets } = taker;
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
  const around = subnets.find(({ cidr }) => contains(cidrOf(cidr) ?? never(cidr), ip_address));
  if (around) return around;
  throw new Fault(
    400,
    'badRequest',
    `IP address ${ip_address} is not a valid IP for any of the subnets on the specified network.`,
    { type: 'InvalidIpForNetwork' },
  );
}

async function thatOne(network: Network, subnet: Subnet, wanted: string): Promise<string> {
  const { db } = network;
  const address = canonical(wanted);
  const cidr = cidrOf(subnet.cidr) ?? never(subnet.cidr);
  const { first, last } = usable(cidr);
  const value = address === undefined ? undefined : numberOf(address);
  if (address === undefined || value === undefined || !contains(cidr, address) || value < first || value > last)
    throw new Fault(400, 'badRequest', `IP address ${wanted} is not a valid IP for the specified subnet.`, {
      type: 'InvalidIpForSubnet',
    });
  if ((await findTaken(db, subnet.id, [address])).size > 0 || (await isHostsOwn(network, subnet, address)))
    throw conflict(`IP address ${address} already allocated in subnet ${subnet.id}`, 'IpAddressAlreadyAllocated');
  return address;
}

/** The gateway of an external wire is the host itself, or a router outside: no port here can be it. */
async function isHostsOwn({ db }: Network, { networkId, gatewayIp }: Subnet, address: string): Promise<boolean> {
  if (gatewayIp !== address) return false;
  const net = await networkRows.get(db, networkId);
  return net?.external === true && net.networkType === 'flat';
}

const exhausted = (networkId: string) =>
  conflict(`No more IP addresses available on network ${networkId}.`, 'IpAddressGenerationFailure');

const never = (cidr: string): never => {
  throw new Error(`${cidr} is no range`);
};
