import type { Claims } from '#shared/auth/token.ts';
import { badRequest, forbidden, notFound, unauthorized } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { parseOauthHeader, type SignedCall } from '../oauth/signature.ts';
import { withQueueAddress } from '../passwords/fair-semaphore.ts';
import { issueToken } from './issue.ts';
import type { Authentication, IdentityInput } from './method.ts';
import { authenticate } from './methods.ts';
import { missingMethods, readReceipt, receiptAnswer } from './receipt.ts';
import { type ScopeInput, scopeOfUser, type TokenScope } from './scope.ts';
import { verifyOwnToken } from './verify.ts';
import { isScoped, tokenView } from './view.ts';

interface Login {
  readonly auth: { readonly identity: IdentityInput; readonly scope?: ScopeInput };
}

export const logIn: Handler<Identity, Login> = async (identity, call) => {
  const { body, query, header } = call;
  const receipt = readReceipt(identity, header('openstack-auth-receipt'));
  const authentication = await withQueueAddress(call.address, () =>
    authenticate(identity, body.auth.identity, receipt, () => signedLogin(call)),
  );
  const isExempt = authentication.parentToken || authentication.credential || authentication.accessToken; // from multi-factor rules
  const required = isExempt ? undefined : missingMethods(authentication.user, authentication.methods);
  if (required) return receiptAnswer(identity, authentication, required);
  const tokenScope = await resolveScope(identity, authentication, body.auth.scope);
  const { token, claims } = issueToken(identity, authentication, tokenScope, authentication.parentToken?.federated);
  const view = await tokenView(identity, claims, { catalog: !('nocatalog' in query) });
  return created({ token: view }, { 'x-subject-token': token });
};

/** Clients sign the URL without its query. */
const signedLogin = ({ header, method, base, url }: Call<unknown>): SignedCall => ({
  method,
  url: base + url.replace(/\?.*$/, ''),
  header: parseOauthHeader(header('authorization')),
});

async function resolveScope(
  identity: Identity,
  { user, credential, accessToken, parentToken }: Authentication,
  input: ScopeInput | undefined,
): Promise<TokenScope> {
  if (credential) {
    if (input !== undefined) throw unauthorized('Application credentials cannot request a scope.');
    return (await import('./delegated-scope.ts')).credentialScope(identity, credential);
  }
  if (accessToken) return (await import('./delegated-scope.ts')).accessTokenScope(identity, accessToken);
  if (parentToken && !identity.config.allowRescope && isScoped(parentToken) && input !== 'unscoped')
    throw forbidden('A token that has a scope cannot be exchanged for another.');
  const trust = typeof input === 'object' ? input['OS-TRUST:trust'] : undefined;
  if (trust) return (await import('./delegated-scope.ts')).trustScope(identity, user, trust.id);
  return scopeOfUser(identity, user, input, parentToken?.federated?.groups);
}

/** Verifies X-Subject-Token and checks the rule with that token as its target. */
async function subjectOf(
  identity: Identity,
  { header, query, authorize, caller }: Call,
  rule: string,
): Promise<{ token: string; claims: Claims }> {
  const token = header('x-subject-token');
  if (!token) throw badRequest('The header X-Subject-Token is required.');
  const claims = await readSubject(identity, token, query.allow_expired === '1' || query.allow_expired === 'true');
  authorize(rule, { user_id: caller.userId, 'target.token.user_id': claims.sub });
  return { token, claims };
}

async function readSubject(identity: Identity, token: string, allowExpired: boolean): Promise<Claims> {
  const { tokenKeys, config } = identity;
  try {
    return allowExpired
      ? await tokenKeys.read(token, config.allowExpiredSeconds)
      : await verifyOwnToken(identity, token);
  } catch {
    throw Object.assign(notFound('token', ''), { message: 'Failed to validate token' });
  }
}

export const showToken: Handler<Identity> = async (identity, call) => {
  const { token, claims } = await subjectOf(identity, call, 'identity:validate_token');
  const catalog = !('nocatalog' in call.query);
  const view = await identity.facts.get(`${catalog} ${token}`, () => tokenView(identity, claims, { catalog }));
  return ok({ token: view }, { 'x-subject-token': token });
};

export const checkToken: Handler<Identity> = async (identity, call): Promise<Answer> => {
  const { token } = await subjectOf(identity, call, 'identity:check_token');
  return { status: 200, headers: { 'x-subject-token': token } };
};

export const revokeToken: Handler<Identity> = async (identity, call) => {
  const { claims } = await subjectOf(identity, call, 'identity:revoke_token');
  await identity.db.transaction((tx) => revokeForGood(identity, tx, { audit: claims.audit[0] ?? '' }));
  await identity.tokenKeysChanged();
  return noContent();
};

export const showCatalog: Handler<Identity> = async (identity, { caller, base }) => {
  const claims = await verifyOwnToken(identity, caller.token);
  const { catalog } = await tokenView(identity, claims, { catalog: true });
  if (catalog === undefined) throw unauthorized();
  return ok({ catalog, links: { self: `${base}/v3/auth/catalog`, previous: null, next: null } });
};
