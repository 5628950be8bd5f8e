/** Formats of faults and page links that several APIs share. */
import type { Fault } from '#shared/errors/fault.ts';
import type { FaultResponse } from './dialect.ts';

/** The header that names the URL of identity. */
export const challenge = (identityUrl: string) => ({ 'www-authenticate': `Keystone uri="${identityUrl}"` });

/** The 401 of keystonemiddleware. */
export const loginRequired = (identityUrl: string, message: string): FaultResponse => ({
  body: { error: { code: 401, title: 'Unauthorized', message } },
  headers: challenge(identityUrl),
});

/** The key of the body by status; any other status is a computeFault, in Cinder too. */
const keys: Readonly<Record<number, string>> = {
  400: 'badRequest',
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

/** `{ itemNotFound: { code: 404, message } }`, as Nova and Cinder answer. */
export const faultFormats =
  (identityUrl: string) =>
  ({ status, message, headers }: Fault): FaultResponse => {
    if (status === 401) return loginRequired(identityUrl, message);
    const retryAfter = headers['Retry-After'];
    const again = status === 413 && retryAfter !== undefined ? { retryAfter } : {};
    return { body: { [keys[status] ?? 'computeFault']: { code: status, message, ...again } } };
  };

/** `{ servers_links: [{ rel: 'next', href }] }` */
export const nextLinks = (collection: string, next: string): Record<string, unknown> => ({
  [`${collection}_links`]: [{ rel: 'next', href: next }],
});
