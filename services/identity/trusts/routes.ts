import { checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { createTrust, deleteTrust, listTrustRoles, listTrusts, showTrust, showTrustRole } from './handlers.ts';

const all = '/v3/OS-TRUST/trusts';

const lists = ['', '_for_trustor', '_for_trustee'].map((end) => `identity:list_trusts${end}`);

/** The handlers check the rules, with the trust as target. */
export const trustRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: all, handler: listTrusts, rule: checkedInHandler(...lists) },
  { method: 'post', path: all, handler: createTrust, rule: checkedInHandler('identity:create_trust') },
  { method: 'get', path: `${all}/:id`, ...showTrust },
  { method: 'delete', path: `${all}/:id`, ...deleteTrust },
  { method: 'get', path: `${all}/:id/roles`, ...listTrustRoles },
  { method: 'get', path: `${all}/:id/roles/:roleId`, ...showTrustRole },
];
