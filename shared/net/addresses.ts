/** Addresses and ranges as numbers. Text is in canonical form (RFC 5952), so equal addresses are equal strings. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Version = 4 | 6;

export interface Cidr {
  readonly version: Version;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

const bits = { 4: 32, 6: 128 } as const;

/** Undefined for anything but an address; one with a zone (`fe80::1%eth0`) is none. */
export const versionOf = (address: string): Version | undefined =>
  address.includes('%') ? undefined : ((isIP(address) || undefined) as Version | undefined);

/** Undefined for anything but an address. */
export const numberOf = (address: string): bigint | undefined =>
  versionOf(address) && BigInt(`0x${Buffer.from(ipaddr.parse(address).toByteArray()).toString('hex')}`);

export function textOf(value: bigint, version: Version): string {
  const digits = value.toString(16).padStart(bits[version] / 4, '0');
  const text = ipaddr.fromByteArray([...Buffer.from(digits, 'hex')]).toNormalizedString();
  return version === 4 ? text : new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** The canonical form; undefined for anything but an address. */
export function canonical(address: string): string | undefined {
  const version = versionOf(address);
  return version && textOf(numberOf(address) ?? 0n, version);
}

/** Undefined for anything but a range. An address is a range of one; host bits are cleared. */
export function cidrOf(text: string): Cidr | undefined {
  const [address = '', length, more] = text.split('/');
  const version = versionOf(address);
  if (version === undefined || more !== undefined || (length !== undefined && !/^\d{1,3}$/.test(length)))
    return undefined;
  const prefix = length === undefined ? bits[version] : Number(length);
  if (prefix > bits[version]) return undefined;
  const size = 1n << BigInt(bits[version] - prefix);
  const value = numberOf(address) ?? 0n;
  const first = value - (value % size);
  return { version, prefix, first, last: first + size - 1n };
}

export const cidrText = ({ first, version, prefix }: Cidr): string => `${textOf(first, version)}/${prefix}`;

export const contains = (cidr: Cidr, address: string): boolean => {
  const value = numberOf(address);
  return versionOf(address) === cidr.version && value !== undefined && value >= cidr.first && value <= cidr.last;
};

/** Whether an address is in a range, both as text: false when one of them is malformed. */
export function isWithin(address: string, range: string): boolean {
  const cidr = cidrOf(range);
  return cidr !== undefined && contains(cidr, address);
}

export const overlap = (one: Cidr, other: Cidr): boolean =>
  one.version === other.version && one.first <= other.last && other.first <= one.last;

/** The IPv6 address that SLAAC derives from a MAC (EUI-64). */
export function eui64({ first }: Pick<Cidr, 'first'>, mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = Buffer.from(mac.replaceAll(':', ''), 'hex');
  return textOf(first + Buffer.of(a ^ 2, b, c, 0xff, 0xfe, d, e, f).readBigUInt64BE(), 6);
}

/** The netmask of a prefix length: 255.255.255.0, ffff:ffff:ffff:ffff:0:0:0:0. */
export const netmask = (prefix: number, version: Version): string =>
  (version === 4 ? ipaddr.IPv4 : ipaddr.IPv6).subnetMaskFromPrefixLength(prefix).toNormalizedString();
