/** Checks the CIDR, gateway, pools, name servers and routes of a subnet. Pure. */
import { badRequest, conflict } from '#shared/errors/fault.ts';
import {
  type Cidr,
  canonical,
  cidrOf,
  cidrText,
  contains,
  numberOf,
  textOf,
  versionOf,
} from '#shared/net/addresses.ts';
import { defaultPools, type Pool, usable } from '../addresses/pools.ts';
import { invalidInput } from '../resources/values.ts';
import type { HostRoute, Subnet } from './resource.ts';

export function rangeOf(text: string, version: number): Cidr {
  const cidr = cidrOf(text);
  if (!cidr || !text.includes('/'))
    throw badRequest(`Invalid input for cidr. Reason: '${text}' is not a valid IP subnet.`, 'HTTPBadRequest');
  if (cidr.version !== version) throw invalidInput(`cidr '${text}' does not match the ip_version '${version}'`);
  if (version === 6 && cidr.first === 0n) throw invalidInput("IPv6 subnet '::' is not supported");
  if (cidr.prefix === 0) throw invalidInput(`cidr '${text}' has all addresses there are`);
  if (!isUnicast(cidr)) throw invalidInput('Multicast or loopback IP subnet is not supported');
  return cidr;
}

/** DHCP needs a large enough range that does not begin at 0.0.0.0. */
export function refuseDhcpIn(range: Cidr): void {
  const { version, prefix, first } = range;
  if (prefix > (version === 4 ? 30 : 126))
    throw invalidInput('Subnet has a prefix length that is incompatible with DHCP service enabled');
  if (version === 4 && first === 0n)
    throw invalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True");
}

/** EUI-64 addresses need a /64, and both modes must be equal if both are set. */
export function refuseModes(range: Cidr, subnet: Pick<Subnet, 'enableDhcp' | 'ipv6RaMode' | 'ipv6AddressMode'>): void {
  const { enableDhcp, ipv6RaMode: raMode, ipv6AddressMode: addressMode } = subnet;
  if (raMode === null && addressMode === null) return;
  if (range.version === 4) throw invalidInput('ipv6_address_mode or ipv6_ra_mode cannot be set when ip_version is 4');
  if (!enableDhcp)
    throw invalidInput('ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False');
  if (raMode !== null && addressMode !== null && raMode !== addressMode)
    throw invalidInput(
      `ipv6_ra_mode set to '${raMode}' with ipv6_address_mode set to '${addressMode}' is not valid. If both attributes are set, they must be the same value`,
    );
  if (range.prefix !== 64 && [raMode, addressMode].some((mode) => mode === 'slaac' || mode === 'dhcpv6-stateless'))
    throw invalidInput(
      `Invalid CIDR ${cidrText(range)} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`,
    );
}

/** Undefined requests the first address, null none. */
export function gatewayFor(cidr: Cidr, requested: string | null | undefined): string | null {
  if (requested === null) return null;
  if (requested === undefined) return textOf(usable(cidr).first, cidr.version);
  const address = canonical(requested);
  if (address === undefined || versionOf(address) !== cidr.version)
    throw badRequest(
      `Invalid input for gateway_ip. Reason: '${requested}' is not a valid IP address.`,
      'HTTPBadRequest',
    );
  const { first, last } = usable(cidr);
  const value = numberOf(address) ?? -1n;
  // The gateway may be outside the range, but not the network or broadcast address.
  if (contains(cidr, address) && (value < first || value > last)) throw invalidInput('Gateway is not valid on subnet');
  return address;
}

export function poolsFor(cidr: Cidr, gateway: string | null, requested: readonly Pool[] | undefined): Pool[] {
  if (requested === undefined) return defaultPools(cidr, gateway);
  const pools = requested.map(({ start, end }) => ({ start: inRange(cidr, start), end: inRange(cidr, end) }));
  for (const pool of pools) {
    if (number(pool.end) < number(pool.start))
      throw badRequest(`The allocation pool ${pool.start}-${pool.end} is not valid.`, 'InvalidAllocationPool');
    if (gateway !== null && isIn(pool, gateway))
      throw conflict(
        `Gateway ip ${gateway} conflicts with allocation pool ${pool.start}-${pool.end}.`,
        'GatewayConflictWithAllocationPools',
      );
  }
  refuseOverlap(cidr, pools);
  return pools;
}

const number = (address: string): bigint => numberOf(address) ?? 0n;
const isIn = ({ start, end }: Pool, address: string) =>
  number(address) >= number(start) && number(address) <= number(end);

function inRange(cidr: Cidr, address: string): string {
  const text = canonical(address);
  if (text === undefined)
    throw badRequest(
      `Invalid input for allocation_pools. Reason: '${address}' is not a valid IP address.`,
      'HTTPBadRequest',
    );
  const { first, last } = usable(cidr);
  if (!contains(cidr, text) || number(text) < first || number(text) > last)
    throw badRequest(
      `The allocation pool ${address} spans beyond the subnet cidr ${textOf(cidr.first, cidr.version)}/${cidr.prefix}.`,
      'OutOfBoundsAllocationPool',
    );
  return text;
}

function refuseOverlap(cidr: Cidr, pools: readonly Pool[]): void {
  const sorted = [...pools].sort((a, b) => (number(a.start) < number(b.start) ? -1 : 1));
  sorted.forEach((pool, at) => {
    const before = sorted[at - 1];
    if (before && number(before.end) >= number(pool.start))
      throw conflict(
        `Found overlapping allocation pools: ${before.start}-${before.end}, ${pool.start}-${pool.end} for subnet ${textOf(cidr.first, cidr.version)}/${cidr.prefix}.`,
        'OverlappingAllocationPools',
      );
  });
}

/** Canonical, without duplicates, of the subnet's family. */
export function nameserversFor(requested: readonly string[], version: 4 | 6): string[] {
  const refuse = (reason: string) =>
    badRequest(`Invalid input for dns_nameservers. Reason: ${reason}.`, 'HTTPBadRequest');
  if (requested.length > maxNameservers)
    throw badRequest(
      `Unable to complete operation for subnet. The number of DNS nameservers exceeds the limit ${maxNameservers}.`,
      'DNSNameServersExhausted',
    );
  const servers = requested.map((address) => {
    const text = canonical(address);
    if (text === undefined) throw refuse(`'${address}' is not a valid nameserver`);
    if (versionOf(text) !== version)
      throw invalidInput(`dns_nameserver '${address}' does not match the ip_version '${version}'`);
    return text;
  });
  const duplicate = servers.find((each, at) => servers.indexOf(each) < at);
  if (duplicate !== undefined) throw refuse(`Duplicate nameserver '${duplicate}'`);
  return servers;
}

const maxNameservers = 5;
const maxRoutes = 20;

/** Routes in canonical form, without duplicates, with destination and next hop of the same family. */
export function routesFor(requested: readonly HostRoute[], field = 'routes'): HostRoute[] {
  const refuse = (reason: string) => badRequest(`Invalid input for ${field}. Reason: ${reason}.`, 'HTTPBadRequest');
  const routes = requested.map(({ destination, nexthop }) => {
    const range = destination.includes('/') ? cidrOf(destination) : undefined;
    if (!range) throw refuse(malformedCidrReason(destination));
    const via = canonical(nexthop);
    if (via === undefined) throw refuse(`'${nexthop}' is not a valid IP address`);
    if (!isUnicast(range)) throw refuse(`'${destination}' is not a routable CIDR`);
    if (versionOf(via) !== range.version)
      throw refuse(`destination '${destination}' and nexthop '${nexthop}' are not of the same IP version`);
    return { destination: cidrText(range), nexthop: via };
  });
  const keys = routes.map(({ destination, nexthop }) => `${destination} via ${nexthop}`);
  const duplicate = keys.find((each, at) => keys.indexOf(each) < at);
  if (duplicate !== undefined) throw refuse(`Duplicate hostroute '${duplicate}'`);
  return routes;
}

const malformedCidrReason = (text: string): string => {
  const address = canonical(text);
  if (address === undefined) return `'${text}' is not a valid CIDR`;
  return `'${text}' isn't a recognized IP subnet cidr, '${address}/${versionOf(address) === 4 ? 32 : 128}' is recommended`;
};

/** Routes given by DHCP, of the subnet's family. */
export function hostRoutesFor(requested: readonly HostRoute[], version: 4 | 6): HostRoute[] {
  if (requested.length > maxRoutes)
    throw badRequest(
      `Unable to complete operation for subnet. The number of host routes exceeds the limit ${maxRoutes}.`,
      'HostRoutesExhausted',
    );
  for (const { destination, nexthop } of requested) {
    const wrong = [destination, nexthop].find((text) => cidrOf(text) && cidrOf(text)?.version !== version);
    if (wrong !== undefined) throw invalidInput(`'${wrong}' does not match the ip_version '${version}'`);
  }
  return routesFor(requested, 'host_routes');
}

const notUnicast = ['127.0.0.0/8', '224.0.0.0/4', '::1/128', 'ff00::/8'].map((text) => cidrOf(text));

/** False for loopback and multicast. */
const isUnicast = ({ version, first }: Cidr): boolean =>
  !notUnicast.some((range) => range?.version === version && range.first <= first && first <= range.last);
