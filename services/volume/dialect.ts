import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Dialect, Header } from '#shared/http/dialect.ts';

export const oldest: Version = '3.0';
export const newest: Version = '3.71';

/** Cinder's word for each status; all others are its computeFault, as Nova's. */
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

export const cinder = (identityUrl: string): Dialect => ({
  version,
  fault: ({ status, message, headers }) => {
    if (status === 401)
      return {
        body: { error: { code: 401, title: 'Unauthorized', message } },
        headers: { 'www-authenticate': `Keystone uri="${identityUrl}"` },
      };
    const retryAfter = headers['Retry-After'];
    const again = status === 413 && retryAfter !== undefined ? { retryAfter } : {};
    return { body: { [words[status] ?? 'computeFault']: { code: status, message, ...again } } };
  },
  page: (collection, next) => (next ? { [`${collection}_links`]: [{ rel: 'next', href: next }] } : {}),
  headers,
});

/** "OpenStack-API-Version: volume 3.59". */
function version(header: Header): Version {
  const asked = header('openstack-api-version')
    ?.split(',')
    .map((part) => part.trim().match(/^volume (\S+)$/i)?.[1])
    .find((found) => found !== undefined);
  if (asked === undefined) return oldest;
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

const headers = (asked: Version | undefined): Record<string, string> => ({
  vary: 'OpenStack-API-Version',
  ...(asked === undefined ? {} : { 'openstack-api-version': `volume ${asked}` }),
});

/** 2026-11-22T17:51:22.738000: as Cinder writes times. They are milliseconds since 1970 in rows. */
export const dotted = (ms: number | null): string | null =>
  ms === null ? null : `${new Date(Number(ms)).toISOString().slice(0, 23)}000`;
