import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { noCertificates, noRevokedList } from './handlers.ts';

export const retiredRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: '/v3/auth/tokens/OS-PKI/revoked', handler: noRevokedList, auth: 'none' },
  { method: 'get', path: '/v3/OS-SIMPLE-CERT/ca', handler: noCertificates, auth: 'none' },
  { method: 'get', path: '/v3/OS-SIMPLE-CERT/certificates', handler: noCertificates, auth: 'none' },
];
