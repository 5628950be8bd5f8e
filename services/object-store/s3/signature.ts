/** What a request of the S3 API says about its signature, and the text that is signed: versions 2 and 4, in headers or in the query. */
import { createHash, createHmac } from 'node:crypto';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Signed } from '../context.ts';
import { refuseS3 } from './errors.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly query: Readonly<Record<string, string>>;
  /** The bucket when it is in the name of the host. */
  readonly hostBucket: string | undefined;
}

export const isSigned = (authorization: string | undefined, query: Readonly<Record<string, string>>): boolean =>
  /^AWS4-HMAC-SHA256 |^AWS /.test(authorization ?? '') ||
  query['X-Amz-Algorithm'] !== undefined ||
  (query.AWSAccessKeyId !== undefined && query.Signature !== undefined);

const skewMs = 15 * 60_000;
const longestSeconds = 7 * 86_400;

/** Throws when it is malformed, stale or expired. The signature itself is not checked. */
export function signedBy(asked: Asked): Signed {
  const { headers, query } = asked;
  const { authorization = '' } = headers;
  if (query['X-Amz-Algorithm'] !== undefined) return presigned4(asked);
  if (authorization.startsWith('AWS4-')) return header4(asked, authorization);
  if (query.AWSAccessKeyId !== undefined) return presigned2(asked);
  return header2(asked, authorization);
}

function header4(asked: Asked, authorization: string): Signed {
  const parts = new Map(
    authorization
      .slice(authorization.indexOf(' '))
      .split(',')
      .map((part) => [part.slice(0, part.indexOf('=')).trim(), part.slice(part.indexOf('=') + 1).trim()]),
  );
  const [credential, names, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) => parts.get(name));
  if (!credential || !names || !signature)
    throw refuseS3(
      'AuthorizationHeaderMalformed',
      'The authorization header needs Credential, SignedHeaders and Signature.',
    );
  const date = asked.headers['x-amz-date'] ?? compact(asked.headers.date);
  checkFresh(timeOf(date));
  const payload = asked.headers['x-amz-content-sha256'];
  if (payload === undefined)
    throw refuseS3('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  checkPayload(payload);
  return signed4(asked, { credential, names, signature, date, payload });
}

/** Throws InvalidArgument unless it is a digest, or says how the body is signed. */
function checkPayload(payload: string): void {
  if (/^[0-9a-f]{64}$/i.test(payload) || payload === 'UNSIGNED-PAYLOAD' || payload.startsWith('STREAMING-')) return;
  const name = 'x-amz-content-sha256';
  const message = `${name} must be UNSIGNED-PAYLOAD, the name of a way to sign chunks, or a valid sha256 value.`;
  throw refuseS3('InvalidArgument', message, { ArgumentName: name, ArgumentValue: payload });
}

function presigned4(asked: Asked): Signed {
  const { query } = asked;
  const [credential, names, signature, date, expires] = [
    'Credential',
    'SignedHeaders',
    'Signature',
    'Date',
    'Expires',
  ].map((name) => query[`X-Amz-${name}`]);
  if (query['X-Amz-Algorithm'] !== 'AWS4-HMAC-SHA256' || !credential || !names || !signature || !date)
    throw refuseS3(
      'AuthorizationQueryParametersError',
      'A signed URL needs X-Amz-Algorithm, Credential, SignedHeaders, Signature, Date and Expires.',
    );
  const seconds = Number(expires);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestSeconds)
    throw refuseS3(
      'AuthorizationQueryParametersError',
      `X-Amz-Expires must be between 1 and ${longestSeconds} seconds.`,
    );
  const at = timeOf(date);
  if (Date.now() < at - skewMs || Date.now() > at + seconds * 1000)
    throw refuseS3('AccessDenied', 'Request has expired');
  const payload = asked.headers['x-amz-content-sha256'] ?? query['X-Amz-Content-Sha256'] ?? 'UNSIGNED-PAYLOAD';
  return signed4(asked, { credential, names, signature, date, payload });
}

interface Parts4 {
  readonly credential: string;
  readonly names: string;
  readonly signature: string;
  readonly date: string;
  readonly payload: string;
}

function signed4({ method, url, headers }: Asked, { credential, names, signature, date, payload }: Parts4): Signed {
  const [access = '', ...scoped] = splitCredential(credential);
  const scope = scoped.join('/');
  const list = names.split(';');
  if (scoped.length !== 4 || scoped[2] !== 's3' || scoped[3] !== 'aws4_request' || !date.startsWith(scoped[0] ?? '-'))
    throw refuseS3(
      'AuthorizationHeaderMalformed',
      'The credential must be <access>/<yyyymmdd>/<region>/s3/aws4_request.',
    );
  if (!list.includes('host')) throw refuseS3('AccessDenied', 'The header host must be signed.');
  const loose = Object.keys(headers).find((name) => isDecisive(name) && !list.includes(name));
  if (loose !== undefined)
    throw refuseS3('AccessDenied', `There were headers present in the request which were not signed: ${loose}`);
  const canonical = [
    method,
    canonicalPath(url),
    canonicalQuery(url),
    ...list.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ {2,}/g, ' ')}`),
    '',
    names,
    payload,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  return { version: 4, access, signature, text, scope, date, payload };
}

/** Whoever has a signed URL must not add what it means, such as another object as the source. The text signed has these two in any case. */
const isDecisive = (name: string): boolean =>
  name.startsWith('x-amz-') && name !== 'x-amz-content-sha256' && name !== 'x-amz-date';

/** The access key may have slashes, the scope has exactly four parts. */
function splitCredential(credential: string): string[] {
  const parts = credential.split('/');
  return [parts.slice(0, -4).join('/'), ...parts.slice(-4)];
}

const escapedText = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuseS3('InvalidURI', "Couldn't parse the specified URI.");
  }
};

const canonicalPath = (url: string): string =>
  (url.split('?')[0] ?? '')
    .split('/')
    .map((part) => escapedText(decode(part)))
    .join('/') || '/';

const pairsOf = (url: string): [string, string][] =>
  (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')
    .split('&')
    .filter(Boolean)
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [
        escapedText(decode(name.replaceAll('+', ' '))),
        escapedText(decode(value.join('=').replaceAll('+', ' '))),
      ];
    });

function canonicalQuery(url: string): string {
  const pairs = pairsOf(url).filter(([name]) => name !== 'X-Amz-Signature');
  const texts = pairs.sort(([a, b], [c, d]) => (a === c ? (b < d ? -1 : 1) : a < c ? -1 : 1));
  return texts.map(([name, value]) => `${name}=${value}`).join('&');
}

function header2(asked: Asked, authorization: string): Signed {
  const { headers } = asked;
  const credential = authorization.slice('AWS '.length);
  const colon = credential.lastIndexOf(':');
  if (colon < 1) throw refuseS3('AccessDenied', 'The authorization header is malformed.');
  checkFresh(timeOf(headers['x-amz-date'] ?? headers.date ?? ''));
  const date = headers['x-amz-date'] === undefined ? (headers.date ?? '') : '';
  return signed2(asked, credential.slice(0, colon), credential.slice(colon + 1), date);
}

function presigned2(asked: Asked): Signed {
  const { AWSAccessKeyId: access = '', Signature: signature = '', Expires: expires = '' } = asked.query;
  if (!/^\d{1,12}$/.test(expires) || Number(expires) < Date.now() / 1000)
    throw refuseS3('AccessDenied', 'Request has expired');
  return signed2(asked, access, signature, expires);
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const subresources = new Set([
  ...[
    'acl',
    'cors',
    'delete',
    'lifecycle',
    'location',
    'logging',
    'notification',
    'object-lock',
    'partNumber',
    'policy',
  ],
  ...['requestPayment', 'response-cache-control', 'response-content-disposition', 'response-content-encoding'],
  ...[
    'response-content-language',
    'response-content-type',
    'response-expires',
    'tagging',
    'torrent',
    'uploadId',
    'uploads',
  ],
  ...['versionId', 'versioning', 'versions', 'website'],
]);

function signed2(
  { method, url, headers, query, hostBucket }: Asked,
  access: string,
  signature: string,
  date: string,
): Signed {
  const amazon = Object.keys(headers)
    .filter((name) => name.startsWith('x-amz-'))
    .sort(byText)
    .map((name) => `${name}:${headers[name]?.trim()}\n`);
  const asked = Object.keys(query)
    .filter((name) => subresources.has(name))
    .sort(byText)
    .map((name) => (query[name] === '' ? name : `${name}=${query[name]}`));
  const path = (hostBucket === undefined ? '' : `/${hostBucket}`) + (url.split('?')[0] ?? '');
  const resource = path + (asked.length > 0 ? `?${asked.join('&')}` : '');
  const text = [
    method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    date,
    amazon.join('') + resource,
  ].join('\n');
  return { version: 2, access, signature, text, scope: '', date: '', payload: 'UNSIGNED-PAYLOAD' };
}

const compact = (date: string | undefined): string => {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? '' : new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
};

function timeOf(date: string): number {
  const text = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw refuseS3('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  return at;
}

function checkFresh(at: number): void {
  if (Math.abs(Date.now() - at) > skewMs)
    throw refuseS3(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
}

export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
export const signatureWith = (key: Buffer, text: string): string =>
  createHmac('sha256', key).update(text).digest('hex');
