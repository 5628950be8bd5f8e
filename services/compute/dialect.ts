import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Dialect, Header } from '#shared/http/dialect.ts';

export const oldest: Version = '2.1';
export const newest: Version = '2.100';

/** Nova's word for each status; all others are its computeFault. */
const words: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

export const nova = (identityUrl: string): Dialect => ({
  version,
  fault: ({ status, message }) =>
    status === 401
      ? {
          body: { error: { code: 401, title: 'Unauthorized', message } },
          headers: { 'www-authenticate': `Keystone uri="${identityUrl}"` },
        }
      : { body: { [words[status] ?? 'computeFault']: { code: status, message } } },
  page: (collection, next) => (next ? { [`${collection}_links`]: [{ rel: 'next', href: next }] } : {}),
  headers,
});

/** "OpenStack-API-Version: compute 2.47", or the older header with the number alone. */
function version(header: Header): Version {
  const modern = header('openstack-api-version')
    ?.split(',')
    .map((part) => part.trim().match(/^compute (\S+)$/i)?.[1])
    .find((found) => found !== undefined);
  const asked = modern ?? header('x-openstack-nova-api-version') ?? oldest;
  if (asked === 'latest') return newest;
  if (!/^[1-9]\d*\.(0|[1-9]\d*)$/.test(asked))
    throw badRequest(`API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`);
  if (!atLeast(asked as Version, oldest) || !atLeast(newest, asked as Version))
    throw new Fault(
      406,
      'notAcceptable',
      `Version ${asked} is not supported by the API. Minimum is ${oldest} and maximum is ${newest}.`,
    );
  return asked as Version;
}

const headers = (asked: Version | undefined, requestId: string): Record<string, string> => ({
  'x-compute-request-id': requestId,
  vary: 'OpenStack-API-Version, X-OpenStack-Nova-API-Version',
  ...(asked === undefined
    ? {}
    : { 'openstack-api-version': `compute ${asked}`, 'x-openstack-nova-api-version': asked }),
});

/** A time in most answers: 2026-11-22T17:50:36Z. All times are milliseconds since 1970 in rows. */
export const whole = (ms: number): string => `${new Date(Number(ms)).toISOString().slice(0, 19)}Z`;

/** 2026-11-22T17:50:41.000000, as Nova writes times that it did not round. */
export function dotted(ms: number): string;
export function dotted(ms: number | null): string | null;
export function dotted(ms: number | null): string | null {
  return ms === null ? null : `${new Date(Number(ms)).toISOString().slice(0, 23)}000`;
}

/** A client's time: ISO 8601, UTC when it names no zone; undefined when it is none. */
export function timeOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const joined = text.trim().replace(' ', 'T');
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/.test(joined) || !joined.includes('T') ? joined : `${joined}Z`;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Where a thing is found: in this API, and for ever. */
export const linksOf = (base: string, kind: string, id: string) => [
  { rel: 'self', href: `${base}/v2.1/${kind}/${id}` },
  bookmarkOf(base, kind, id),
];
export const bookmarkOf = (base: string, kind: string, id: string) => ({
  rel: 'bookmark',
  href: `${base}/${kind}/${id}`,
});

/** The link to the next page, when this one is full. */
export function nextPage(
  collection: string,
  page: { readonly base: string; readonly url: string; readonly limit: number },
  items: readonly { readonly id: string }[],
): Record<string, unknown> {
  const last = items.at(-1);
  if (!last || items.length < page.limit) return {};
  const url = new URL(page.url, page.base);
  url.searchParams.set('marker', last.id);
  return { [`${collection}_links`]: [{ rel: 'next', href: `${page.base}${url.pathname}${url.search}` }] };
}

/** The most that one page holds. */
export const mostPerPage = 1000;
