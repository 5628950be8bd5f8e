/** The URL of this API as the client sees it, and the client's address, also behind trusted proxies. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { badRequest } from '#shared/errors/fault.ts';

export interface Addressing {
  /** The public URL without a path: `https://cloud.example:8774`. Empty: the Host of each request. */
  readonly publicUrl: string;
  isProxy(address: string): boolean;
}

/** Returns a test for addresses (`10.0.0.1`) and networks (`10.0.0.0/24`, `fd00::/8`). Throws for another text. */
export function proxiesOf(addresses: readonly string[]): (address: string) => boolean {
  if (addresses.length === 0) return () => false;
  const list = new BlockList();
  for (const each of addresses) {
    const [address = '', bits] = each.split('/');
    const family = isIP(address);
    if (family === 0) throw new Error(`trustedProxies: ${each} is no address`);
    list.addSubnet(
      address,
      bits === undefined ? (family === 6 ? 128 : 32) : Number(bits),
      family === 6 ? 'ipv6' : 'ipv4',
    );
  }
  return (address) => list.check(plainAddress(address), isIP(plainAddress(address)) === 6 ? 'ipv6' : 'ipv4');
}

/** Converts an IPv4 address of an IPv6 socket (`::ffff:10.0.0.1`) to IPv4. */
const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') ? address.replace(/^::ffff:(?=\d)/, '') : address;

export const withoutProxies: Addressing = { publicUrl: '', isProxy: () => false };

const host = /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;
const known = new Set<string>();

/** Returns the base URL for links: `http://10.0.0.1:8774`. Throws 400 for a malformed Host. */
export function baseOf(req: IncomingMessage, { publicUrl, isProxy }: Addressing): string {
  const { headers, socket } = req;
  const own = checked(headers.host ?? '');
  if (publicUrl !== '') return publicUrl;
  if (headers['x-forwarded-proto'] === undefined && headers['x-forwarded-host'] === undefined) return `http://${own}`;
  if (!isProxy(socket.remoteAddress ?? '')) return `http://${own}`;
  const scheme = last(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
  return `${scheme}://${checked(last(headers['x-forwarded-host']) || own)}`;
}

/** Proxies append to X-Forwarded-For, so the client is the last address in it that is no trusted proxy. */
export function callerAddress({ headers, socket }: IncomingMessage, { isProxy }: Addressing): string {
  const address = plainAddress(socket.remoteAddress ?? '');
  const forwarded = headers['x-forwarded-for'];
  if (forwarded === undefined || !isProxy(address)) return address;
  const addresses = [forwarded]
    .flat()
    .join(',')
    .split(',')
    .map((each) => plainAddress(each.trim()));
  const nearest = addresses.findLast((each) => isIP(each) > 0 && !isProxy(each));
  return nearest ?? address;
}

/** The last item, which the nearest proxy added; the others come from its client. */
const last = (header: string | readonly string[] | undefined): string =>
  [header ?? ''].flat().join(',').split(',').at(-1)?.trim() ?? '';

function checked(name: string): string {
  if (known.has(name)) return name;
  if (name !== '' && !host.test(name))
    throw badRequest('The Host header is not a name or address with an optional port.');
  if (known.size < 1000) known.add(name);
  return name;
}
