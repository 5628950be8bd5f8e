import { BlockList, isIPv4, isIPv6 } from 'node:net';

const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined => {
  if (isIPv4(address)) return 'ipv4';
  return isIPv6(address) ? 'ipv6' : undefined;
};

/** Returns false for an invalid range or address too. */
export function cidrHolds(cidr: string, address: string): boolean {
  const [first = '', bits = ''] = cidr.split('/');
  const [family, wanted] = [familyOf(first), familyOf(address)];
  if (family === undefined || family !== wanted) return false;
  const range = new BlockList();
  range.addSubnet(first, Number(bits), family);
  return range.check(address, family);
}

/** IPv6 in its shortest form (RFC 5952), other text unchanged. */
export const shortAddress = (address: string): string =>
  isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
