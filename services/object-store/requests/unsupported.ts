/** Features of Swift that are not supported: refused by name, never ignored. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from '#shared/http/route.ts';
import { refuse } from './refusals.ts';

const isSaid = (value: string): boolean => value !== '';

interface Absent {
  readonly header: RegExp;
  readonly what: string;
  /** Whether this value requests the feature. */
  readonly asks: (value: string) => boolean;
}

const headers: readonly Absent[] = [
  { header: /^x-container-sync-(to|key)$/, what: 'container synchronisation', asks: isSaid },
  { header: /^x-account-access-control$/, what: 'access lists of accounts', asks: isSaid },
  { header: /^x-account-quota-(bytes|count)-policy-/, what: 'quotas by storage policy', asks: isSaid },
  { header: /^x-object-(retention|legal-hold)/, what: 'object locks', asks: isSaid },
];

/** A prefilter: most requests have no such header. */
const perhaps = /^x-(account|container|object-(retention|legal))-/;

/** Throws 400 naming the unsupported feature. */
export function refuseUnsupported(call: Call): void {
  refuseHeaders(call.stream.headers);
}

function refuseHeaders(asked: IncomingHttpHeaders): void {
  for (const name of Object.keys(asked)) {
    if (!perhaps.test(name)) continue;
    const found = headers.find(({ header, asks }) => header.test(name) && asks(String(asked[name] ?? '')));
    if (found) throw absent(name, found.what);
  }
}

const absent = (name: string, what: string) =>
  refuse(400, `${name}: ${what} are not supported by this object store. Leave it out.\n`);
