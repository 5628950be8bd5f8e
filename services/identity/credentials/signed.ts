/** Verifies requests signed with an EC2 key. */

import { createHash, createHmac } from 'node:crypto';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { badRequest, unauthorized } from '#shared/errors/fault.ts';

export interface SignedRequest {
  readonly access: string;
  readonly signature: string;
  readonly host?: string;
  readonly verb?: string;
  readonly path?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body_hash?: string;
}

const freshMs = 15 * 60_000;
/** A signed URL may be valid for so long; the service that received it knows for how long it is. */
const presignedMs = 7 * 86_400_000 + freshMs;

const hmac = (key: string | Buffer, text: string | Buffer, kind = 'sha256') =>
  createHmac(kind, key).update(text).digest();
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** Signature versions 2 and 4 of the EC2 API; older ones are insecure. */
export function isRightlySigned(request: SignedRequest, secret: string): boolean {
  const { params = {}, headers = {} } = request;
  const authorization = lower(headers).authorization ?? '';
  if (params['X-Amz-Algorithm'] === 'AWS4-HMAC-SHA256' || authorization.startsWith('AWS4-HMAC-SHA256'))
    return isSameSecret(versionFour(request, secret, authorization), request.signature);
  refuseStale(params.Timestamp ?? params.Expires);
  return isSameSecret(versionTwo(request, secret), request.signature);
}

const lower = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function refuseStale(date: string | undefined, mostMs = freshMs): void {
  const text = date?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z') ?? '';
  const at = Date.parse(/Z$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(at)) throw badRequest('A signed request needs a date.');
  if (Math.abs(Date.now() - at) > mostMs) throw unauthorized();
}

function versionTwo({ verb = '', host = '', path = '', params = {} }: SignedRequest, secret: string): string {
  const signed = Object.entries(params).filter(([name]) => name !== 'Signature');
  const query = signed
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  const kind = params.SignatureMethod === 'HmacSHA1' ? 'sha1' : 'sha256';
  return hmac(secret, [verb, host.toLowerCase(), path, query.join('&')].join('\n'), kind).toString('base64');
}

function versionFour(request: SignedRequest, secret: string, authorization: string): string {
  const { verb = '', path = '', params = {}, headers = {}, body_hash: hash = '' } = request;
  const named = lower(headers);
  const part = (name: string) =>
    params[`X-Amz-${name}`] ?? authorization.match(new RegExp(`${name}=([^,]+)`))?.[1] ?? '';
  const [, day = '', region = '', service = ''] = part('Credential').split('/');
  const date = params['X-Amz-Date'] ?? named['x-amz-date'] ?? named.date ?? '';
  refuseStale(date);
  const names = part('SignedHeaders').split(';');
  const canonical = [
    verb,
    path,
    Object.entries(params)
      .filter(([name]) => name !== 'X-Amz-Signature')
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
      .join('&'),
    names.map((name) => `${name}:${(named[name] ?? '').trim()}\n`).join(''),
    names.join(';'),
    hash,
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  return hmac(signingKey(secret, day, region, service), `AWS4-HMAC-SHA256\n${date}\n${scope}\n${digest}`).toString(
    'hex',
  );
}

const signingKey = (secret: string, day: string, region: string, service: string): Buffer =>
  hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request');

/** The form of Swift's S3 API: the string to sign and the signature. */
export function isRightlySignedText(text: string, signature: string, secret: string): boolean {
  const lines = text.split('\n');
  if (lines[0] !== 'AWS4-HMAC-SHA256') return isSameSecret(hmac(secret, text, 'sha1').toString('base64'), signature);
  refuseStale(lines[1], presignedMs);
  return isSameSecret(hmac(keyOfScope(lines[2], secret), text).toString('hex'), signature);
}

const keyOfScope = (scope = '', secret: string): Buffer => {
  const [day = '', region = '', service = ''] = scope.split('/');
  return signingKey(secret, day, region, service);
};

/** The key of the scope of a text of version 4, in hexadecimal; undefined for version 2. */
export function signingKeyOf(text: string, secret: string): string | undefined {
  const [version, , scope] = text.split('\n');
  return version === 'AWS4-HMAC-SHA256' ? keyOfScope(scope, secret).toString('hex') : undefined;
}
