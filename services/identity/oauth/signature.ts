/** OAuth 1.0a signatures (RFC 5849): parses the Authorization header and verifies the signature. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';

/** The parameters `oauth_…`, decoded. */
export type OauthHeader = Readonly<Record<string, string>>;

export interface SignedCall {
  readonly method: string;
  /** The URL of the request, with its query. */
  readonly url: string;
  readonly header: OauthHeader;
}

interface Secrets {
  readonly consumer: string;
  /** Of the request token or the access token; requests for a request token have none. */
  readonly token?: string;
}

/** Allowed clock difference. */
const freshSeconds = 600;

const hashes: Readonly<Record<string, string>> = {
  'HMAC-SHA1': 'sha1',
  'HMAC-SHA256': 'sha256',
  'HMAC-SHA512': 'sha512',
};

export function parseOauthHeader(text: string | undefined): OauthHeader {
  const [, list] = text?.match(/^OAuth\s+(.*)$/is) ?? [];
  if (list === undefined) throw badRequest('The request needs an Authorization header that begins with OAuth.');
  const pairs = [...list.matchAll(/(?<![\w%.~-])([\w%.~-]+)="([^"]*)"/g)];
  const header: Record<string, string> = Object.create(null);
  for (const [, name = '', value = ''] of pairs) {
    if (decoded(name) in header) throw badRequest(`The Authorization header has ${decoded(name)} twice.`);
    header[decoded(name)] = decoded(value);
  }
  return header;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest('The Authorization header is not well encoded.');
  }
}

/** Throws 400 that names a missing parameter. */
export function oauthValue(header: OauthHeader, name: string): string {
  const value = header[name];
  if (!value) throw badRequest(`Expecting to find ${name} in request. The Authorization header does not have it.`);
  return value;
}

/** Whether the signature is valid with both secrets and the timestamp is recent. */
export function isRightlySigned(call: SignedCall, secrets: Secrets): boolean {
  const { header } = call;
  const age = Math.abs(Date.now() / 1000 - Number(header.oauth_timestamp));
  if (!(age <= freshSeconds) || !header.oauth_nonce || (header.oauth_version ?? '1.0') !== '1.0') return false;
  const key = `${escaped(secrets.consumer)}&${escaped(secrets.token ?? '')}`;
  const [right, given] = signaturesOf(call, key) ?? [];
  return right !== undefined && given !== undefined && right.length === given.length && timingSafeEqual(given, right);
}

/** The expected signature and the given one; undefined for an unknown method. */
function signaturesOf(call: SignedCall, key: string): readonly [Buffer, Buffer] | undefined {
  const { oauth_signature_method: method = '', oauth_signature: given = '' } = call.header;
  if (method === 'PLAINTEXT') return [Buffer.from(key), Buffer.from(given)]; // the secrets themselves: for use over TLS only
  const hash = own(hashes, method);
  if (hash === undefined) return undefined;
  return [createHmac(hash, key).update(baseString(call)).digest(), Buffer.from(given, 'base64')];
}

/** The signature base string (RFC 5849, 3.4.1). */
export function baseString({ method, url, header }: SignedCall): string {
  const { protocol, host, pathname, searchParams } = new URL(url);
  const signed = Object.entries(header).filter(([name]) => name !== 'realm' && name !== 'oauth_signature');
  const pairs = [...signed, ...searchParams].map(([name, value]) => [escaped(name), escaped(value)] as const);
  const sorted = pairs.toSorted(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)));
  const parameters = sorted.map(([name, value]) => `${name}=${value}`).join('&');
  return [method.toUpperCase(), `${protocol}//${host}${pathname}`, parameters].map(escaped).join('&');
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Escapes all but letters, digits and `-._~`. */
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
