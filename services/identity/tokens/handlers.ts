import type { Claims } from '#shared/auth/token.ts';
import { badRequest, notFound, unauthorized } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { revoke } from '../keys/revoke.ts';
import { issueToken } from './issue.ts';
import { type Proofs, prove } from './methods.ts';
import { readOwnToken } from './read.ts';
import { type ScopeWish, scopeFor } from './scope.ts';
import { tokenView } from './view.ts';

interface Login {
  readonly auth: { readonly identity: Proofs; readonly scope?: ScopeWish };
}

export const logIn: Handler<Identity, Login> = async (identity, { body, query }) => {
  const proven = await prove(identity, body.auth.identity);
  const scoped = await scopeFor(identity.db, proven.user, body.auth.scope);
  const { token, claims } = issueToken(identity, proven, scoped);
  const view = await tokenView(identity.db, claims, { catalog: !('nocatalog' in query) });
  return created({ token: view }, { 'x-subject-token': token });
};

/** The rule's target is the token that is asked about. */
async function subjectOf(
  identity: Identity,
  { header, query, authorize, who }: Call,
  rule: string,
): Promise<{ token: string; claims: Claims }> {
  const token = header('x-subject-token');
  if (!token) throw badRequest('The header X-Subject-Token names the token that is meant.');
  const claims = await readSubject(identity, token, query.allow_expired === '1' || query.allow_expired === 'true');
  authorize(rule, { user_id: who.userId, 'target.token.user_id': claims.sub });
  return { token, claims };
}

async function readSubject(identity: Identity, token: string, allowExpired: boolean): Promise<Claims> {
  const { trust, config } = identity;
  try {
    return allowExpired ? await trust.read(token, config.allowExpiredSeconds) : await readOwnToken(identity, token);
  } catch {
    throw Object.assign(notFound('token', ''), { message: 'Failed to validate token' });
  }
}

export const showToken: Handler<Identity> = async (identity, call) => {
  const { token, claims } = await subjectOf(identity, call, 'identity:validate_token');
  const view = await tokenView(identity.db, claims, { catalog: !('nocatalog' in call.query) });
  return ok({ token: view }, { 'x-subject-token': token });
};

export const checkToken: Handler<Identity> = async (identity, call): Promise<Answer> => {
  const { token } = await subjectOf(identity, call, 'identity:check_token');
  return { status: 200, headers: { 'x-subject-token': token } };
};

export const revokeToken: Handler<Identity> = async (identity, call) => {
  const { claims } = await subjectOf(identity, call, 'identity:revoke_token');
  await identity.db.transaction((tx) => revoke(identity, tx, { audit: claims.audit[0] ?? '' }));
  await identity.trustChanged();
  return gone();
};

export const showCatalog: Handler<Identity> = async (identity, { who, base }) => {
  const claims = await readOwnToken(identity, who.token);
  const { catalog } = await tokenView(identity.db, claims, { catalog: true });
  if (catalog === undefined) throw unauthorized();
  return ok({ catalog, links: { self: `${base}/v3/auth/catalog`, previous: null, next: null } });
};
