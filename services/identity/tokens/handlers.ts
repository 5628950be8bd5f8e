import type { Claims } from '#shared/auth/token.ts';
import { badRequest, forbidden, notFound, unauthorized } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { parseOauthHeader, type SignedCall } from '../oauth/signature.ts';
import { withQueueAddress } from '../passwords/fair-semaphore.ts';
import { issueToken } from './issue.ts';
import { type Authentication, authenticate, type IdentityInput } from './methods.ts';
import { missingMethods, readReceipt, receiptAnswer } from './receipt.ts';
import { type ScopeInput, scopeOfUser, type TokenScope } from './scope.ts';
import { verifyOwnToken } from './verify.ts';
import { tokenView } from './view.ts';

interface Login {
  readonly auth: { readonly identity: IdentityInput; readonly scope?: ScopeInput };
}

export const logIn: Handler<Identity, Login> = async (identity, call) => {
  const { body, query, header } = call;
  const already = readReceipt(identity, header('openstack-auth-receipt'));
  const proven = await withQueueAddress(call.address, () =>
    authenticate(identity, body.auth.identity, already, () => signedLogin(call)),
  );
  const isEnded = proven.before || proven.credential || proven.accessToken;
  const required = isEnded ? undefined : missingMethods(proven.user, proven.methods);
  if (required) return receiptAnswer(identity, proven, required);
  const scoped = await resolveScope(identity, proven, body.auth.scope);
  const { token, claims } = issueToken(identity, proven, scoped, proven.before?.federated);
  const view = await tokenView(identity, claims, { catalog: !('nocatalog' in query) });
  return created({ token: view }, { 'x-subject-token': token });
};

/** Clients sign the place without its query. */
const signedLogin = ({ header, method, base, url }: Call<unknown>): SignedCall => ({
  method,
  url: base + url.replace(/\?.*$/, ''),
  header: parseOauthHeader(header('authorization')),
});

async function resolveScope(
  identity: Identity,
  { user, credential, accessToken, before }: Authentication,
  input: ScopeInput | undefined,
): Promise<TokenScope> {
  if (credential) {
    if (input !== undefined) throw unauthorized('Application credentials cannot request a scope.');
    return (await import('./delegated-scope.ts')).credentialScope(identity, credential);
  }
  if (accessToken) return (await import('./delegated-scope.ts')).accessTokenScope(identity, accessToken);
  if (before && !identity.config.allowRescope && isScoped(before) && input !== 'unscoped')
    throw forbidden('A token that has a scope cannot be exchanged for another.');
  const tokenKeys = typeof input === 'object' ? input['OS-TRUST:trust'] : undefined;
  if (tokenKeys) return (await import('./delegated-scope.ts')).trustScope(identity, user, tokenKeys.id);
  return scopeOfUser(identity, user, input, before?.federated?.groups);
}

const isScoped = ({ project, domainScope, system }: Claims): boolean =>
  project !== null || domainScope !== null || system;

/** The rule's target is the token that is asked about. */
async function subjectOf(
  identity: Identity,
  { header, query, authorize, caller }: Call,
  rule: string,
): Promise<{ token: string; claims: Claims }> {
  const token = header('x-subject-token');
  if (!token) throw badRequest('The header X-Subject-Token names the token that is meant.');
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
  return gone();
};

export const showCatalog: Handler<Identity> = async (identity, { caller, base }) => {
  const claims = await verifyOwnToken(identity, caller.token);
  const { catalog } = await tokenView(identity, claims, { catalog: true });
  if (catalog === undefined) throw unauthorized();
  return ok({ catalog, links: { self: `${base}/v3/auth/catalog`, previous: null, next: null } });
};
