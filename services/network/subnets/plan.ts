/** What a subnet may be: its range, gateway and pools must fit each other. Pure. */
import { badRequest, conflict } from '#shared/errors/fault.ts';
import {
  type Cidr,
  canonical,
  cidrOf,
  contains,
  defaultPools,
  numberOf,
  type Pool,
  textOf,
  usable,
  versionOf,
} from '../addresses/cidr.ts';
import { invalidInput } from '../resources/values.ts';
import type { HostRoute } from './store.ts';

export function rangeOf(text: string, version: number): Cidr {
  const cidr = cidrOf(text);
  if (!cidr || !text.includes('/'))
    throw badRequest(`Invalid input for cidr. Reason: '${text}' is not a valid IP subnet.`, 'HTTPBadRequest');
  if (cidr.version !== version) throw invalidInput(`cidr '${text}' does not match the ip_version '${version}'`);
  return cidr;
}

/** Undefined: the first address. Null: none. */
export function gatewayFor(cidr: Cidr, asked: string | null | undefined): string | null {
  if (asked === null) return null;
  if (asked === undefined) return textOf(usable(cidr).first, cidr.version);
  const address = canonical(asked);
  if (address === undefined || versionOf(address) !== cidr.version)
    throw badRequest(`Invalid input for gateway_ip. Reason: '${asked}' is not a valid IP address.`, 'HTTPBadRequest');
  const { first, last } = usable(cidr);
  const value = numberOf(address) ?? -1n;
  // A router on the link may stand outside the range, but nobody can be the network or the broadcast address.
  if (contains(cidr, address) && (value < first || value > last)) throw invalidInput('Gateway is not valid on subnet');
  return address;
}

export function poolsFor(cidr: Cidr, gateway: string | null, asked: readonly Pool[] | undefined): Pool[] {
  if (asked === undefined) return defaultPools(cidr, gateway);
  const pools = asked.map(({ start, end }) => ({ start: inRange(cidr, start), end: inRange(cidr, end) }));
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

export function nameserversFor(asked: readonly string[]): string[] {
  return asked.map((address) => {
    const text = canonical(address);
    if (text !== undefined) return text;
    const why = `'${address}' is not a valid nameserver`;
    throw badRequest(`Invalid input for dns_nameservers. Reason: ${why}.`, 'HTTPBadRequest');
  });
}

export function routesFor(asked: readonly HostRoute[], field: string): HostRoute[] {
  return asked.map(({ destination, nexthop }) => {
    if (!cidrOf(destination) || canonical(nexthop) === undefined)
      throw badRequest(
        `Invalid input for ${field}. Reason: '${destination}' via '${nexthop}' is no route.`,
        'HTTPBadRequest',
      );
    return { destination, nexthop };
  });
}
