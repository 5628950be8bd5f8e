/**
 * Fetches what a client names by a URL. Only addresses that are vetted are connected to, the vetted address itself and not its name once
 * more, and each redirect is vetted like the first URL. So nobody reaches the cloud's own networks through it.
 */
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { isWithin } from '#shared/net/addresses.ts';
import { moduleFor } from '#shared/net/http.ts';
import type { Config } from '../config.ts';

type Rules = Pick<Config, 'importHosts' | 'importNetworks' | 'importPorts'>;

/** Addresses that are not of the public Internet, or stand for others. */
const inner = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...[
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/3',
  ],
  ...[
    '::/96',
    '::ffff:0:0/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
  ],
  ...['fc00::/7', 'fe80::/10', 'ff00::/8'],
];

export const isAllowed = (address: string, { importNetworks }: Pick<Rules, 'importNetworks'>): boolean =>
  importNetworks.some((network) => isWithin(address, network)) || !inner.some((range) => isWithin(address, range));

const refused = (uri: string) => badRequest(`URI for web-download does not pass filtering: ${uri}`);

/** Throws 400 for a URL of another scheme or port, with a password, or of a host that is not on the list. */
export function checkedUrl(uri: string, { importHosts, importPorts }: Rules): URL {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw refused(uri);
  const port = url.port || (url.protocol === 'http:' ? '80' : '443');
  if (url.username !== '' || url.password !== '' || !importPorts.includes(port)) throw refused(uri);
  if (url.hostname === '' || (importHosts.length > 0 && !importHosts.includes(url.hostname))) throw refused(uri);
  return url;
}

const mostRedirects = 5;
const idleMs = 30_000;

/** The answer of the last of all redirects. Throws a Fault that names the URL. */
export async function fetchSafely(uri: string, rules: Rules, signal: AbortSignal): Promise<IncomingMessage> {
  let at = uri;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const url = checkedUrl(at, rules);
    const answer = await get(url, await vettedAddress(url, rules), signal);
    const { statusCode = 0, headers } = answer;
    if (statusCode === 200) return answer;
    answer.destroy();
    const isMoved = [301, 302, 303, 307, 308].includes(statusCode);
    if (!isMoved || headers.location === undefined || !URL.canParse(headers.location, url))
      throw new Fault(400, 'badRequest', `${at} was answered with the status ${statusCode}.`);
    at = new URL(headers.location, url).href;
  }
  throw new Fault(400, 'badRequest', `${uri} leads to more than ${mostRedirects} redirects.`);
}

interface Address {
  readonly address: string;
  readonly family: number;
}

/** The address to connect to. Throws 400 when the name has none, or one that is not allowed. */
export async function vettedAddress({ hostname, href }: URL, rules: Rules): Promise<Address> {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  const all = await lookup(name, { all: true }).catch(() => [] as Address[]);
  const found = all.find(({ address }) => isAllowed(address, rules));
  if (!found || all.some(({ address }) => !isAllowed(address, rules))) throw refused(href);
  return found;
}

function get(url: URL, { address, family }: Address, signal: AbortSignal): Promise<IncomingMessage> {
  const known: LookupFunction = (_name, options, done) =>
    options.all ? done(null, [{ address, family }]) : done(null, address, family);
  return new Promise((resolve, reject) => {
    const sent = moduleFor(url).get(url, { lookup: known, agent: false, signal, timeout: idleMs }, resolve);
    sent.once('timeout', () => sent.destroy(new Error('the server sent nothing for too long')));
    sent.once('error', () => reject(new Fault(400, 'badRequest', `${url.href} cannot be read.`)));
  });
}
