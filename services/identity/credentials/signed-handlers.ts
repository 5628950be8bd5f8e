/** POST /v3/ec2tokens and /v3/s3tokens: a service verifies the signature of a request that it received. */
import { badRequest, unauthorized } from '#shared/errors/fault.ts';
import { type Answer, type Handler, ok } from '#shared/http/route.ts';
import { applicationCredential } from '../application-credentials/resource.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/users-and-groups.ts';
import { findAccessToken } from '../oauth/operations.ts';
import { accessTokenScope, credentialScope, trustScope } from '../tokens/delegated-scope.ts';
import { issueToken } from '../tokens/issue.ts';
import { refuseDisabled } from '../tokens/refuse-disabled.ts';
import { scopeOfUser, type TokenScope } from '../tokens/scope.ts';
import { tokenView } from '../tokens/view.ts';
import { trust } from '../trusts/resource.ts';
import type { User } from '../users/resource.ts';
import { type Credential, ec2Blob, idOfAccess, opened } from './operations.ts';
import { credential } from './resource.ts';
import { isRightlySigned, isRightlySignedText, type SignedRequest, signingKeyOf } from './signed.ts';

async function keyOf(identity: Identity, access: string): Promise<Credential> {
  const row = await credential.rows.find(identity.db, { id: idOfAccess(access), type: 'ec2' });
  if (!row) throw unauthorized();
  return opened(identity, row);
}

/** The scope of a key that was made with a delegated token is limited like that token. */
async function scopeOfKey(identity: Identity, user: User, { blob, projectId }: Credential): Promise<TokenScope> {
  const { trust_id: trustId, app_cred_id: app, access_token_id: access } = ec2Blob(blob);
  if (trustId) {
    const trustee = await findUser(identity, (await trust.rows.find(identity.db, { id: trustId }))?.trusteeId ?? '');
    if (!trustee) throw unauthorized();
    return trustScope(identity, trustee, trustId);
  }
  if (app) {
    const found = await applicationCredential.rows.find(identity.db, { id: app });
    if (!found) throw unauthorized();
    return credentialScope(identity, found);
  }
  if (access) {
    const token = await findAccessToken(identity, access);
    if (!token || token.projectId !== projectId) throw unauthorized();
    return accessTokenScope(identity, token);
  }
  return scopeOfUser(identity, user, { project: { id: projectId ?? '' } });
}

async function login(identity: Identity, key: Credential): Promise<Answer & { readonly claims: unknown }> {
  const startedAt = Date.now();
  const user = await findUser(identity, key.userId);
  if (!user) throw unauthorized();
  await refuseDisabled(identity, user);
  const tokenScope = await scopeOfKey(identity, user, key);
  const { token, claims } = issueToken(identity, { user, methods: ['ec2credential'], startedAt }, tokenScope);
  const view = await tokenView(identity, claims, { catalog: true });
  return { ...ok({ token: view }, { 'x-subject-token': token }), claims };
}

interface Ec2Body {
  readonly ec2Credentials?: SignedRequest;
  readonly credentials?: SignedRequest;
}

export const ec2Tokens: Handler<Identity, Ec2Body> = async (identity, { body }) => {
  const request = body.ec2Credentials ?? body.credentials;
  if (!request?.access || !request.signature) throw badRequest('The credentials need access and signature.');
  const key = await keyOf(identity, request.access);
  if (!isRightlySigned(request, ec2Blob(key.blob).secret ?? '')) throw unauthorized();
  const { claims: _, ...answer } = await login(identity, key);
  return answer;
};

interface S3Body {
  readonly credentials: { readonly access: string; readonly signature: string; readonly token: string };
}

/**
 * The answer has no X-Subject-Token: Swift gets the user and the roles, but no usable token. With it goes the key of the day,
 * region and service of the signature, by which the service verifies further requests and the chunks of uploads; not the secret.
 */
export const s3Tokens: Handler<Identity, S3Body> = async (identity, { body: { credentials } }) => {
  const key = await keyOf(identity, credentials.access);
  const text = Buffer.from(credentials.token, 'base64url').toString();
  const { secret = '' } = ec2Blob(key.blob);
  if (!isRightlySignedText(text, credentials.signature, secret)) throw unauthorized();
  const { status, body } = await login(identity, key);
  const signingKey = signingKeyOf(text, secret);
  return { status, body, ...(signingKey ? { headers: { 'x-s3-signing-key': signingKey } } : {}) };
};
