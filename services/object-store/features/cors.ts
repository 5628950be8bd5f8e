/** Cross-origin requests: which web pages of other origins a browser lets read a container. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import { plain } from '../requests/answers.ts';
import { containerInfo, orNone } from '../requests/authorize.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import type { ObjectRequest } from '../requests/request.ts';
import type { Filter } from './filter.ts';

const prefix = 'x-container-meta-access-control-';
const always = [
  ...['cache-control', 'content-language', 'content-type', 'expires', 'last-modified', 'pragma'],
  ...['etag', 'x-timestamp', 'x-trans-id', 'x-openstack-request-id'],
];

export const crossOrigin: Filter = {
  matches: ({ header, method }) => header('origin') !== undefined && method !== 'OPTIONS',
  handle: async (request, next) => {
    const { headers: asked } = request;
    const info = await settingsOf(request);
    const allowed = allowedOrigin(info, asked.origin ?? '');
    if (!allowed) return next(request);
    // a refusal is readable by the page, too
    const answer = await next(request).catch((error: unknown): never => {
      const fault = faultOf(error);
      const { status, kind, message, headers } = fault;
      throw new Fault(status, kind, message, { headers: { ...headers, ...allowed } });
    });
    return { ...answer, headers: { ...answer.headers, ...allowed, ...exposed(info, answer) } };
  },
};

async function settingsOf({ store, target }: ObjectRequest): Promise<Headers> {
  if (target.container === '') return {};
  return (await containerInfo(store, target).catch(orNone)) ?? {};
}

/** The header that names the origin; undefined when the container does not allow it. */
function allowedOrigin(info: Headers, origin: string): Headers | undefined {
  const allowed = (info[`${prefix}allow-origin`] ?? '').split(/\s+/).filter(Boolean);
  if (allowed.includes('*')) return { 'access-control-allow-origin': '*' };
  return allowed.includes(origin) ? { 'access-control-allow-origin': origin, vary: 'Origin' } : undefined;
}

/** The headers of the answer that the page may read. */
function exposed(info: Headers, { headers = {} }: Answer): Headers {
  const asked = (info[`${prefix}expose-headers`] ?? '').split(/[\s,]+/).filter(Boolean);
  const meta = Object.keys(headers).filter((name) => /^x-(object|container)-meta-/i.test(name));
  const all = new Set([...always, ...meta, ...asked].map((name) => name.toLowerCase()));
  return { 'access-control-expose-headers': [...all].join(', ') };
}

/** OPTIONS: what the browser asks before it sends the request itself. */
export async function preflight(request: ObjectRequest, methods: readonly string[]): Promise<Answer> {
  const { headers: asked } = request;
  const allow = methods.join(', ');
  if (asked.origin === undefined) return plain(200, { allow });
  const info = await settingsOf(request);
  const allowed = allowedOrigin(info, asked.origin);
  if (!allowed || !methods.includes(asked['access-control-request-method'] ?? ''))
    throw refuse(401, undefined, { allow });
  const { 'access-control-request-headers': wanted } = asked;
  const { [`${prefix}max-age`]: age } = info;
  const vary = ['Origin', ...(wanted === undefined ? [] : ['Access-Control-Request-Headers'])].join(', ');
  return plain(200, {
    allow,
    ...allowed,
    'access-control-allow-methods': allow,
    ...(wanted === undefined ? {} : { 'access-control-allow-headers': wanted }),
    ...(age === undefined ? {} : { 'access-control-max-age': age }),
    ...(allowed['access-control-allow-origin'] === '*' && wanted === undefined ? {} : { vary }),
  });
}
