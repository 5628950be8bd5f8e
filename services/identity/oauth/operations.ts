/** The steps of OAuth 1.0a: request token, authorization by the user, access token. */

import { randomBytes, randomInt } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { rolesOf } from '../application-credentials/operations.ts';
import type { Identity } from '../context.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { getProject } from '../projects/store.ts';
import { consumeOnce } from '../replay-protection/store.ts';
import { couldNotFind, newId } from '../resources/store.ts';
import { type NamedRole, roleNamed } from '../roles/resource.ts';
import { listAllRoles } from '../roles/store.ts';
import {
  type AccessToken,
  accessToken,
  type Consumer,
  consumer as consumers,
  type RequestToken,
  requestTokens,
} from './resource.ts';
import { isRightlySigned, oauthValue, type SignedCall } from './signature.ts';

/** A new token with its secret, which is shown once. */
export interface IssuedSecret {
  readonly id: string;
  readonly secret: string;
  readonly expiresAt: number | null;
}

export const sealedText = ({ sealer }: Pick<Identity, 'sealer'>, text: string): string => {
  const { sealed, keyId } = sealer.seal(text);
  return `${keyId}.${sealed}`;
};

const openedText = ({ sealer }: Pick<Identity, 'sealer'>, text: string): string => {
  const [keyId = '', sealed = ''] = text.split('.');
  return sealer.open(sealed, keyId);
};

const isOver = ({ expiresAt }: { readonly expiresAt: number | null }) => expiresAt !== null && expiresAt <= Date.now();
const endAfter = (seconds: number) => (seconds > 0 ? Date.now() + seconds * 1000 : null);

/** How long a nonce is remembered; longer than a signature is valid. */
const nonceLivesMs = 20 * 60_000;

/** 401 unless the request is signed with the secrets of the consumer and the token, and its nonce is new. */
export async function refuseUnsigned(
  identity: Identity,
  call: SignedCall,
  token?: RequestToken | AccessToken,
): Promise<Consumer> {
  const consumer = await consumers.rows.find(identity.db, { id: oauthValue(call.header, 'oauth_consumer_key') });
  if (!consumer || (token && token.consumerId !== consumer.id)) throw unauthorized('Invalid signature');
  const secrets = {
    consumer: openedText(identity, consumer.sealedSecret),
    ...(token ? { token: openedText(identity, token.sealedSecret) } : {}),
  };
  if (!isRightlySigned(call, secrets)) throw unauthorized('Invalid signature');
  const { oauth_nonce: nonce, oauth_timestamp: timestamp } = call.header;
  if (!(await consumeOnce(identity.db, `nonce ${consumer.id} ${nonce} ${timestamp}`, nonceLivesMs)))
    throw unauthorized('The request was sent before: sign each one with a nonce of its own.');
  return consumer;
}

export async function createRequestToken(
  identity: Identity,
  call: SignedCall,
  projectId: string,
): Promise<IssuedSecret> {
  const { db, config } = identity;
  await getProject(db, projectId);
  await consumers.rows.get(db, oauthValue(call.header, 'oauth_consumer_key'));
  const consumer = await refuseUnsigned(identity, call);
  const issued = { id: newId(), secret: newSecret(), expiresAt: endAfter(config.oauthRequestSeconds) };
  const { id, secret, expiresAt } = issued;
  await requestTokens.insert(db, {
    id,
    sealedSecret: sealedText(identity, secret),
    consumerId: consumer.id,
    projectId,
    userId: null,
    roleIds: null,
    sealedVerifier: null,
    expiresAt,
  });
  return issued;
}

const newSecret = () => randomBytes(16).toString('hex');

async function getUnexpiredRequest({ db }: Identity, id: string): Promise<RequestToken> {
  const token = await requestTokens.get(db, id);
  if (isOver(token)) throw unauthorized('Request token is expired');
  return token;
}

/** Grants some of the roles of the user to the request; resolves with the verifier. */
export async function authorizeRequest(
  identity: Identity,
  caller: Caller,
  id: string,
  inputs: readonly NamedRole[],
): Promise<string> {
  const token = await getUnexpiredRequest(identity, id);
  const roles = await listAllRoles(identity.db);
  const wanted = inputs.map((input) => {
    const role = roleNamed(roles, input);
    if (!role) throw couldNotFind('role', input.id ?? input.name ?? '');
    return role.id;
  });
  const held = new Set((await rolesOf(identity, caller.userId, token.projectId)).map((role) => role.id));
  if (wanted.some((each) => !held.has(each))) throw unauthorized('authorizing user does not have role required');
  const verifier = newVerifier();
  const change = {
    userId: caller.userId,
    roleIds: [...new Set(wanted)],
    sealedVerifier: sealedText(identity, verifier),
  };
  await requestTokens.update(identity.db, id, change);
  return verifier;
}

/** Letters and digits without those that look alike. */
const verifierAlphabet = 'abcdefghkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const newVerifier = () =>
  Array.from({ length: 8 }, () => verifierAlphabet[randomInt(verifierAlphabet.length)]).join('');

/** Exchanges a request token for one access token and deletes it. */
export async function createAccessToken(identity: Identity, call: SignedCall): Promise<IssuedSecret> {
  const { db, config } = identity;
  oauthValue(call.header, 'oauth_consumer_key');
  const request = await getUnexpiredRequest(identity, oauthValue(call.header, 'oauth_token'));
  const verifier = oauthValue(call.header, 'oauth_verifier');
  await refuseUnsigned(identity, call, request);
  const { userId, roleIds, sealedVerifier, consumerId, projectId } = request;
  if (userId === null || roleIds === null || sealedVerifier === null)
    throw unauthorized('Request Token does not have an authorizing user id.');
  if (!isSameSecret(openedText(identity, sealedVerifier), verifier))
    throw unauthorized('Provided verifier does not match stored verifier');
  const issued = { id: newId(), secret: newSecret(), expiresAt: endAfter(config.oauthAccessSeconds) };
  const { id, secret, expiresAt } = issued;
  const access = { id, sealedSecret: sealedText(identity, secret), consumerId, userId, projectId, roleIds, expiresAt };
  await db.transaction(async (tx) => {
    if ((await requestTokens.remove(tx, { id: request.id })) === 0)
      throw unauthorized('The request token was used before.');
    await accessToken.rows.insert(tx, access);
  });
  return issued;
}

/** The unexpired access token, or undefined. */
export async function findAccessToken({ db }: Pick<Identity, 'db'>, id: string): Promise<AccessToken | undefined> {
  const token = await accessToken.rows.find(db, { id });
  return token && !isOver(token) ? token : undefined;
}

type Tx = Identity['db'];

/** Deletes the access token and revokes the tokens made from it. */
async function dropAccessToken(identity: Identity, tx: Tx, id: string): Promise<void> {
  await revokeForGood(identity, tx, { by: `oauth:${id}` });
  await accessToken.rows.remove(tx, { id });
}

export async function deleteAccessToken(identity: Identity, { id }: AccessToken): Promise<void> {
  await identity.db.transaction((tx) => dropAccessToken(identity, tx, id));
  await identity.tokenKeysChanged();
}

/** Deletes the consumer with its request tokens and access tokens. */
export async function deleteConsumer(identity: Identity, { id }: Consumer): Promise<void> {
  await identity.db.transaction(async (tx) => {
    for (const token of await accessToken.rows.where(tx, { consumerId: id }))
      await dropAccessToken(identity, tx, token.id);
    await requestTokens.remove(tx, { consumerId: id });
    await consumers.rows.remove(tx, { id });
  });
  await identity.tokenKeysChanged();
}
