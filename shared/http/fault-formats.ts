/** What several families spell alike: faults, and links to the next page. */
import type { Fault } from '#shared/errors/fault.ts';
import type { Spoken } from './dialect.ts';

/** Where to get a token. */
export const challenge = (identityUrl: string) => ({ 'www-authenticate': `Keystone uri="${identityUrl}"` });

/** What stands in front of a service says to who has no good token: where to get one. */
export const loginRequired = (identityUrl: string, message: string): Spoken => ({
  body: { error: { code: 401, title: 'Unauthorized', message } },
  headers: challenge(identityUrl),
});

/** A word for each status; all others are a computeFault, in Cinder too. */
const words: Readonly<Record<number, string>> = {
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
  ({ status, message, headers }: Fault): Spoken => {
    if (status === 401) return loginRequired(identityUrl, message);
    const retryAfter = headers['Retry-After'];
    const again = status === 413 && retryAfter !== undefined ? { retryAfter } : {};
    return { body: { [words[status] ?? 'computeFault']: { code: status, message, ...again } } };
  };

/** `{ servers_links: [{ rel: 'next', href }] }` */
export const nextLinks = (collection: string, next: string): Record<string, unknown> => ({
  [`${collection}_links`]: [{ rel: 'next', href: next }],
});
