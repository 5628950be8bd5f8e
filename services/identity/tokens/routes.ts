import { checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { checkToken, logIn, revokeToken, showCatalog, showToken } from './handlers.ts';

const tokens = '/v3/auth/tokens';

/** The handlers check the rules, with the token as target. */
export const tokenRoutes: readonly Route<Identity>[] = [
  { method: 'post', path: tokens, handler: logIn, auth: 'none' },
  { method: 'head', path: tokens, handler: checkToken, rule: checkedInHandler('identity:check_token') },
  { method: 'get', path: tokens, handler: showToken, rule: checkedInHandler('identity:validate_token') },
  { method: 'delete', path: tokens, handler: revokeToken, rule: checkedInHandler('identity:revoke_token') },
  { method: 'get', path: '/v3/auth/catalog', handler: showCatalog, rule: 'identity:get_auth_catalog' },
];
