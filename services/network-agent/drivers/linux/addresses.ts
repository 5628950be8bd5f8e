/** Addresses as rules need them. What reaches a ruleset has been read here first: a ruleset is a program. */
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

export function checkMac(mac: string): void {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) throw badRequest(`${mac} is not a MAC address`);
}

/** The sixteen bytes of an IPv6 address, as the number that a raw comparison takes: 0xfe80…. */
export function ip6Number(address: string): string {
  const mapped = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => `${hex(a, b)}:${hex(c, d)}`);
  const [head = '', tail] = mapped.split('::');
  const [front, back] = [words(head), words(tail ?? '')];
  const middle = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0');
  return `0x${[...front, ...middle, ...back].map((word) => word.padStart(4, '0')).join('')}`;
}

const words = (part: string) => part.split(':').filter(Boolean);
const hex = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16);

/** The address that a guest gives itself from its MAC. */
export function linkLocalOf(mac: string): string {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const word = (high: number, low: number) => (high * 256 + low).toString(16);
  return `fe80::${word(a ^ 2, b)}:${word(c, 0xff)}:${word(0xfe, d)}:${word(e, f)}`;
}

/** 10.7.0.9 in 10.7.0.0/24. IPv4 only. */
export function isWithin(address: string, cidr: string): boolean {
  const [network = '', length = '32'] = cidr.split('/');
  if (isIP(address) !== 4 || isIP(network) !== 4) return false;
  const bits = 32 - Number(length);
  return Math.floor(number4(address) / 2 ** bits) === Math.floor(number4(network) / 2 ** bits);
}

const number4 = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
