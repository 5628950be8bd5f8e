import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { listRevocationEvents, showTokenKeys } from './handlers.ts';

export const keyRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: '/v3/wattle/token-keys', handler: showTokenKeys, rule: 'identity:get_trust_document' },
  // the path that processes of the release before poll
  { method: 'get', path: '/v3/wattle/trust', handler: showTokenKeys, rule: 'identity:get_trust_document' },
  { method: 'get', path: '/v3/OS-REVOKE/events', handler: listRevocationEvents, rule: 'identity:list_revoke_events' },
];
