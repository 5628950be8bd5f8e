/** Temporary URLs: a signature in the query takes the place of a token, for one method, one object or prefix, and a time. */
import { basename } from 'node:path/posix';
import type { Answer, Call } from '#shared/http/route.ts';
import { isWithin } from '#shared/net/addresses.ts';
import { containerInfo, orNone } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import { isTrue, type ObjectPath, type ObjectRequest } from '../requests/request.ts';
import type { Filter } from './filter.ts';
import { grantOf, keysOf, signatureFrom } from './signing-keys.ts';

export const temporaryUrl: Filter = {
  matches: ({ query }) => query.temp_url_sig !== undefined || query.temp_url_expires !== undefined,
  handle: async (request, next) => {
    const signed = await openedBy(request);
    if (!signed) throw refuse(401, request.call.method === 'HEAD' ? '' : '401 Unauthorized: Temp URL invalid\n');
    refuseReferences(request);
    return shown(signed.request, await next(signed.request), signed.expires);
  },
};

/** HEAD is allowed by a signature for any of these. */
const forHead = ['HEAD', 'GET', 'POST', 'PUT'];

/** The request with what its signature grants; undefined for an invalid one. */
async function openedBy(request: ObjectRequest): Promise<{ request: ObjectRequest; expires: number } | undefined> {
  const { store, call, target } = request;
  const {
    temp_url_sig: sig = '',
    temp_url_expires: end = '',
    temp_url_prefix: prefix,
    temp_url_ip_range: range,
  } = call.query;
  const expires = timeOf(end);
  const signature = signatureFrom(sig, store.settings.signatureDigests);
  if (!signature || expires < Date.now() / 1000 || !isNamed(target, call.method, prefix)) return undefined;
  if (range !== undefined && !isWithin(call.address, range)) return undefined;
  const path = `/v1/${target.account}/${target.container}/`;
  const signed = prefix === undefined ? path + target.object : `prefix:${path}${prefix}`;
  const methods = call.method === 'HEAD' ? forHead : [call.method];
  const texts = methods.map((method) =>
    [...(range === undefined ? [] : [`ip=${range}`]), method, String(expires), signed].join('\n'),
  );
  if (target.object === '' && !(await hasListings(request))) return undefined;
  const grant = grantOf(await keysOf(store, target), texts, signature);
  // other parameters of the query are not signed
  return grant && { request: { ...request, grant, call: { ...call, query: {} } }, expires };
}

/** A signature opens no listing but that of a web site. */
async function hasListings({ store, target }: ObjectRequest): Promise<boolean> {
  const info = await containerInfo(store, target).catch(orNone);
  return isTrue(info?.['x-container-meta-web-listings']) || Boolean(info?.['x-container-meta-web-index']);
}

/** The root of a container only for its web site. */
function isNamed({ object }: ObjectPath, method: string, prefix: string | undefined): boolean {
  if (object === '') return prefix === '' && (method === 'GET' || method === 'HEAD');
  return prefix === undefined || object.startsWith(prefix);
}

/** Seconds since 1970, or a time as 2030-01-31T12:00:00Z. 0 when it is malformed. */
function timeOf(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text) ? (Date.parse(text) || 0) / 1000 : 0;
}

/** An upload must not refer to what the signature does not open. */
function refuseReferences({ call, headers }: ObjectRequest): void {
  if (call.method === 'GET' || call.method === 'HEAD') return;
  for (const name of ['x-object-manifest', 'x-symlink-target', 'x-copy-from'])
    if (headers[name] !== undefined)
      throw refuse(
        400,
        `The header '${name.replace(/(^|-)[a-z]/g, (each) => each.toUpperCase())}' is not allowed in this tempurl`,
      );
}

type Shown = (request: ObjectRequest, answer: Answer, expires: number) => Answer;

/** Metadata is hidden unless it is called public; browsers save the object as a file unless the URL says otherwise. */
const shown: Shown = ({ call, target }, answer, expires) => {
  const kept = Object.entries(answer.headers ?? {}).filter(([name]) => !/^x-object-meta-(?!public-)/i.test(name));
  const headers = Object.fromEntries(kept);
  if ((call.method !== 'GET' && call.method !== 'HEAD') || answer.status >= 300) return { ...answer, headers };
  return {
    ...answer,
    headers: {
      ...headers,
      'content-disposition': dispositionOf(call, target, headers['content-disposition']),
      expires: new Date(expires * 1000).toUTCString(),
    },
  };
};

function dispositionOf({ url }: Call, { object }: ObjectPath, stored: unknown): string {
  const query = new URLSearchParams(url.split('?')[1]);
  const filename = query.get('filename');
  const kind = query.has('inline') ? 'inline' : 'attachment';
  if (kind === 'inline' && !filename) return kind;
  if (!filename && stored !== undefined) return String(stored);
  const name = encodeURIComponent(filename || basename(object));
  return `${kind}; filename="${name.replaceAll('%20', ' ').replaceAll('%2F', '/')}"; filename*=UTF-8''${name}`;
}
