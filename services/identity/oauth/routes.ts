import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import {
  deleteAccessToken,
  listAccessTokenRoles,
  listAccessTokens,
  showAccessToken,
  showAccessTokenRole,
} from './access-handlers.ts';
import { consumerHandlers, createConsumer, deleteConsumer } from './handlers.ts';
import { authorizeRequestToken, createAccessToken, createRequestToken } from './step-handlers.ts';

const top = '/v3/OS-OAUTH1';
const consumer = `${top}/consumers/:id`;
const given = '/v3/users/:id/OS-OAUTH1/access_tokens';
const one = `${given}/:tokenId`;
const rule = (name: string) => `identity:${name}`;
const { list, show, update } = consumerHandlers;
/** Authenticated by the OAuth signature. */
const signed = { auth: 'none', body: 'stream' } as const;

export const oauthRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: `${top}/consumers`, handler: list, rule: rule('list_consumers') },
  { method: 'post', path: `${top}/consumers`, handler: createConsumer, rule: rule('create_consumer') },
  { method: 'get', path: consumer, handler: show, rule: rule('get_consumer') },
  { method: 'patch', path: consumer, handler: update, rule: rule('update_consumer') },
  { method: 'delete', path: consumer, handler: deleteConsumer, rule: rule('delete_consumer') },
  { method: 'post', path: `${top}/request_token`, handler: createRequestToken, ...signed },
  {
    method: 'put',
    path: `${top}/authorize/:id`,
    handler: authorizeRequestToken,
    rule: rule('authorize_request_token'),
  },
  { method: 'post', path: `${top}/access_token`, handler: createAccessToken, ...signed },
  { method: 'get', path: given, handler: listAccessTokens, rule: rule('list_access_tokens') },
  { method: 'get', path: one, handler: showAccessToken, rule: rule('get_access_token') },
  { method: 'delete', path: one, handler: deleteAccessToken, rule: rule('delete_access_token') },
  { method: 'get', path: `${one}/roles`, handler: listAccessTokenRoles, rule: rule('list_access_token_roles') },
  { method: 'get', path: `${one}/roles/:roleId`, handler: showAccessTokenRole, rule: rule('get_access_token_role') },
];
