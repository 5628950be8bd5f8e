/** Addresses for rulesets. Every address is parsed here before it becomes part of one: a ruleset is a program. */
import { badRequest } from '#shared/errors/fault.ts';
import { type Cidr, canonical, cidrOf, cidrText, eui64, numberOf, type Version } from '#shared/net/addresses.ts';

/** Throws 400 for what is neither an address nor a range. */
function rangeOf(range: string): Cidr {
  const cidr = cidrOf(range);
  if (!cidr) throw badRequest(`${range} is neither an address nor a range of addresses`);
  return cidr;
}

/** The family of an address or a range. Throws when it is neither. */
export const familyOf = (range: string): Version => rangeOf(range).version;

export const ofFamily = (family: Version, ranges: readonly string[]): string[] =>
  ranges.filter((range) => familyOf(range) === family);

/** The canonical form of a range or an address: 10.0.0.5/8 is 10.0.0.0/8. Throws when it is neither. */
export const canonicalRange = (range: string): string => canonical(range) ?? cidrText(rangeOf(range));

/** False for the unspecified, loopback, multicast and reserved addresses, which no route may have as destination or next hop. */
export function isUnicast(range: string): boolean {
  const family = familyOf(range);
  const [address = '', length] = range.split('/');
  if (family === 4)
    return !/^(0|127|22[4-9]|23\d|2[45]\d)\./.test(address) || (address === '0.0.0.0' && length === '0');
  return !/^0xff|^0x0{31}1$/.test(ip6Number(address));
}

/** An IPv6 address as the 128-bit hexadecimal number of an nft raw payload comparison: 0xfe80…. */
export const ip6Number = (address: string): string => `0x${(numberOf(address) ?? 0n).toString(16).padStart(32, '0')}`;

/** The IPv6 link-local address that a guest derives from its MAC (EUI-64). */
export const linkLocalOf = (mac: string): string => eui64({ first: 0xfe80n << 112n }, mac);
