import { randomBytes } from 'node:crypto';
import { badRequest } from '#shared/errors/fault.ts';
import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import { newId } from '../resources/store.ts';
import {
  deleteAccessToken,
  listAccessTokenRoles,
  listAccessTokens,
  showAccessToken,
  showAccessTokenRole,
} from './access-handlers.ts';
import { deleteConsumer, sealedText } from './operations.ts';
import { consumer } from './resource.ts';
import { authorizeRequestToken, createAccessToken, createRequestToken } from './step-handlers.ts';

const consumers = routesOf(consumer, {
  create: async (identity, input) => {
    const secret = randomBytes(32).toString('hex');
    const row = { ...input, id: newId(), sealedSecret: sealedText(identity, secret) };
    await consumer.rows.insert(identity.db, row);
    return { ...row, secret };
  },
  update: async ({ db }, row, change, { body }) => {
    if (body.consumer && 'secret' in body.consumer) throw badRequest('The secret of a consumer cannot be changed.');
    await consumer.rows.update(db, row.id, change);
    return { ...row, ...change };
  },
  remove: deleteConsumer,
  /** The secret is shown once. */
  views: async (_identity, rows, { base }) =>
    rows.map((row) => ({ ...consumer.view(row, base), ...('secret' in row ? { secret: row.secret } : {}) })),
});

const top = '/v3/OS-OAUTH1';
const given = '/v3/users/:id/OS-OAUTH1/access_tokens';
const one = `${given}/:tokenId`;
const rule = (name: string) => `identity:${name}`;
/** Authenticated by the OAuth signature. */
const signed = { auth: 'none', body: 'stream' } as const;

export const oauthRoutes: readonly Route<Identity>[] = [
  ...consumers,
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
