/** Addresses and ranges as numbers. Text is in canonical form, so equal addresses are equal strings. */
import { isIPv4, isIPv6 } from 'node:net';

export interface Cidr {
  readonly version: 4 | 6;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

export interface Pool {
  readonly start: string;
  readonly end: string;
}

export const versionOf = (address: string): 4 | 6 | undefined =>
  isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : undefined;

const bits = { 4: 32, 6: 128 } as const;

/** Undefined for anything but an address. */
export function numberOf(address: string): bigint | undefined {
  const version = versionOf(address);
  if (version === 4) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(Number(part)), 0n);
  if (version === 6) return groupsOf(address).reduce((sum, group) => sum * 65_536n + BigInt(group), 0n);
  return undefined;
}

function groupsOf(address: string): number[] {
  const tail = address.match(/(?<!\d)\d{1,3}(?:\.\d{1,3}){3}$/)?.[0];
  const plain = tail ? address.slice(0, -tail.length) + hexOfV4(tail) : address;
  const [left = '', right] = plain.split('::');
  const parse = (side: string | undefined) => (side ? side.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const [head, foot] = [parse(left), parse(right)];
  return right === undefined ? head : [...head, ...Array<number>(8 - head.length - foot.length).fill(0), ...foot];
}

function hexOfV4(address: string): string {
  const value = Number(numberOf(address));
  return `${Math.floor(value / 65_536).toString(16)}:${(value % 65_536).toString(16)}`;
}

export function textOf(value: bigint, version: 4 | 6): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(16 * (7 - at))) & 65_535n));
  return compressed(groups);
}

/** Writes the longest run of two or more zero groups, the first of equal ones, as `::`. */
function compressed(groups: readonly number[]): string {
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at += 1) {
    let length = 0;
    while (groups[at + length] === 0) length += 1;
    if (length > best.length) best = { at, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(':');
  return `${hex.slice(0, best.at).join(':')}::${hex.slice(best.at + best.length).join(':')}`;
}

/** The canonical form; undefined for anything but an address. */
export function canonical(address: string): string | undefined {
  const version = versionOf(address);
  const value = numberOf(address);
  return version === undefined || value === undefined ? undefined : textOf(value, version);
}

/** Undefined for anything but a range. An address is a range of one. */
export function cidrOf(text: string): Cidr | undefined {
  const [address = '', length, more] = text.split('/');
  const version = versionOf(address);
  const value = numberOf(address);
  if (version === undefined || value === undefined || more !== undefined) return undefined;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? bits[version] : Number(length);
  if (prefix > bits[version]) return undefined;
  const size = 1n << BigInt(bits[version] - prefix);
  const first = value - (value % size);
  return { version, prefix, first, last: first + size - 1n };
}

export const cidrText = ({ first, version, prefix }: Cidr): string => `${textOf(first, version)}/${prefix}`;

export const contains = (cidr: Cidr, address: string): boolean => {
  const value = numberOf(address);
  return versionOf(address) === cidr.version && value !== undefined && value >= cidr.first && value <= cidr.last;
};

export const overlap = (one: Cidr, other: Cidr): boolean =>
  one.version === other.version && one.first <= other.last && other.first <= one.last;

/** The addresses that a port may have: without the network address, and without the IPv4 broadcast address. */
export function usable({ version, prefix, first, last }: Cidr): { readonly first: bigint; readonly last: bigint } {
  if (version === 4 && prefix >= 31) return { first, last };
  if (version === 6 && prefix >= 127) return { first, last };
  return { first: first + 1n, last: version === 4 ? last - 1n : last };
}

/** All usable addresses but the gateway. */
export function defaultPools(cidr: Cidr, gateway: string | null): Pool[] {
  const { first, last } = usable(cidr);
  const excluded = gateway === null ? undefined : numberOf(gateway);
  const ranges =
    excluded === undefined || excluded < first || excluded > last
      ? [[first, last] as const]
      : [[first, excluded - 1n] as const, [excluded + 1n, last] as const];
  return ranges
    .filter(([start, end]) => start <= end)
    .map(([start, end]) => ({ start: textOf(start, cidr.version), end: textOf(end, cidr.version) }));
}

/** The IPv6 address that SLAAC derives from a MAC (EUI-64). */
export function eui64(cidr: Cidr, mac: string): string {
  const bytes = mac.split(':').map((part) => Number.parseInt(part, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const id = [a ^ 2, b, c, 0xff, 0xfe, d, e, f].reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return textOf(cidr.first + id, 6);
}
