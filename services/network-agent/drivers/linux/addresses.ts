/** Addresses for rulesets. Every address is parsed here before it becomes part of one: a ruleset is a program. */
import { isIP } from 'node:net';
import { badRequest } from '#shared/errors/fault.ts';

export type Family = 4 | 6;

/** The family of an address or a range. Throws when it is neither. */
export function familyOf(range: string): Family {
  const [address = '', length, ...rest] = range.split('/');
  const family = isIP(address);
  const inRange = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
  if ((family !== 4 && family !== 6) || !inRange || rest.length > 0 || address.includes('%')) {
    throw badRequest(`${range} is neither an address nor a range of addresses`);
  }
  return family;
}

export const ofFamily = (family: Family, ranges: readonly string[]): string[] =>
  ranges.filter((range) => familyOf(range) === family);

/** The canonical form of a range or an address: 10.0.0.5/8 is 10.0.0.0/8. Throws when it is neither. */
export function canonicalRange(range: string): string {
  const family = familyOf(range);
  const [address = '', length] = range.split('/');
  if (length === undefined) return family === 4 ? address : compressed(address);
  const bits = Number(length);
  if (family === 4) {
    const size = 2 ** (32 - bits);
    return `${text4(Math.floor(number4(address) / size) * size)}/${bits}`;
  }
  const size = 1n << BigInt(128 - bits);
  return `${text6((BigInt(ip6Number(address)) / size) * size)}/${bits}`;
}

/** True for an address without a prefix length. */
export const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%');

/** False for the unspecified, loopback, multicast and reserved addresses, which no route may have as destination or next hop. */
export function isUnicast(range: string): boolean {
  const family = familyOf(range);
  const [address = '', length] = range.split('/');
  if (family === 4)
    return !/^(0|127|22[4-9]|23\d|2[45]\d)\./.test(address) || (address === '0.0.0.0' && length === '0');
  return !/^0xff|^0x0{31}1$/.test(ip6Number(address));
}

/** An IPv6 address as the 128-bit hexadecimal number of an nft raw payload comparison: 0xfe80…. */
export function ip6Number(address: string): string {
  const mapped = address.replace(
    /(?<!\d)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/,
    (_, a, b, c, d) => `${hex(a, b)}:${hex(c, d)}`,
  );
  const [head = '', tail] = mapped.split('::');
  const [front, back] = [groupsOf(head), groupsOf(tail ?? '')];
  const middle = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0');
  return `0x${[...front, ...middle, ...back].map((group) => group.padStart(4, '0')).join('')}`;
}

const groupsOf = (part: string) => part.split(':').filter(Boolean);
const hex = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16);

/** The IPv6 link-local address that a guest derives from its MAC (EUI-64). */
export function linkLocalOf(mac: string): string {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const group = (high: number, low: number) => (high * 256 + low).toString(16);
  return `fe80::${group(a ^ 2, b)}:${group(c, 0xff)}:${group(0xfe, d)}:${group(e, f)}`;
}

/** Whether an address is in a range: 10.7.0.9 in 10.7.0.0/24. IPv4 only. */
export function isWithin(address: string, cidr: string): boolean {
  const [network = '', length = '32'] = cidr.split('/');
  if (isIP(address) !== 4 || isIP(network) !== 4) return false;
  const bits = 32 - Number(length);
  return Math.floor(number4(address) / 2 ** bits) === Math.floor(number4(network) / 2 ** bits);
}

const text4 = (number: number) => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
const text6 = (number: bigint) =>
  compressed(
    number
      .toString(16)
      .padStart(32, '0')
      .replace(/(.{4})(?=.)/g, '$1:'),
  );
const compressed = (address: string) => new URL(`http://[${address}]`).hostname.slice(1, -1);
const number4 = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
