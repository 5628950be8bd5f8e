/** The three steps of OAuth 1.0a: a consumer asks, a user agrees, the consumer fetches what it may use. */
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { rolesOf } from '../application-credentials/operations.ts';
import type { Identity } from '../context.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { newId } from '../projects/operations.ts';
import { couldNotFind, getProject } from '../projects/store.ts';
import { consumeOnce } from '../replay-protection/store.ts';
import { listAllRoles } from '../roles/store.ts';
import { isRightlySigned, oauthValue, type SignedCall } from './signature.ts';
import { type AccessToken, accessTokens, type Consumer, consumers, type RequestToken, requestTokens } from './store.ts';

/** What its bearer is told once. */
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

/** A nonce counts once while its signature is fresh. */
const nonceLivesMs = 20 * 60_000;

/** 401 unless the consumer and the bearer of the token have signed this very request, and for the first time. */
export async function refuseUnsigned(
  identity: Identity,
  call: SignedCall,
  token?: RequestToken | AccessToken,
): Promise<Consumer> {
  const consumer = await consumers.find(identity.db, { id: oauthValue(call.header, 'oauth_consumer_key') });
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
  await consumers.get(db, oauthValue(call.header, 'oauth_consumer_key'));
  const consumer = await refuseUnsigned(identity, call);
  const told = { id: newId(), secret: newSecret(), expiresAt: endAfter(config.oauthRequestSeconds) };
  const { id, secret, expiresAt } = told;
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
  return told;
}

const newSecret = () => randomBytes(16).toString('hex');

async function getUnexpiredRequest({ db }: Identity, id: string): Promise<RequestToken> {
  const token = await requestTokens.get(db, id);
  if (isOver(token)) throw unauthorized('Request token is expired');
  return token;
}

interface NamedRole {
  readonly id?: string;
  readonly name?: string;
}

/** The user agrees to some of their own roles; resolves with the verifier. */
export async function authorizeRequest(
  identity: Identity,
  caller: Caller,
  id: string,
  inputs: readonly NamedRole[],
): Promise<string> {
  const token = await getUnexpiredRequest(identity, id);
  const roles = await listAllRoles(identity.db);
  const wanted = inputs.map((input) => {
    const role = roles.find((each) => (input.id === undefined ? each.name === input.name : each.id === input.id));
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

/** Letters and digits that nobody mixes up when typing them. */
const plainSigns = 'abcdefghkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const newVerifier = () => Array.from({ length: 8 }, () => plainSigns[randomInt(plainSigns.length)]).join('');

/** A request token gives one access token and is gone. */
export async function createAccessToken(identity: Identity, call: SignedCall): Promise<IssuedSecret> {
  const { db, config } = identity;
  oauthValue(call.header, 'oauth_consumer_key');
  const request = await getUnexpiredRequest(identity, oauthValue(call.header, 'oauth_token'));
  const verifier = oauthValue(call.header, 'oauth_verifier');
  await refuseUnsigned(identity, call, request);
  const { userId, roleIds, sealedVerifier, consumerId, projectId } = request;
  if (userId === null || roleIds === null || sealedVerifier === null)
    throw unauthorized('Request Token does not have an authorizing user id.');
  if (!isSame(openedText(identity, sealedVerifier), verifier))
    throw unauthorized('Provided verifier does not match stored verifier');
  const told = { id: newId(), secret: newSecret(), expiresAt: endAfter(config.oauthAccessSeconds) };
  const { id, secret, expiresAt } = told;
  const access = { id, sealedSecret: sealedText(identity, secret), consumerId, userId, projectId, roleIds, expiresAt };
  await db.transaction(async (tx) => {
    if ((await requestTokens.remove(tx, { id: request.id })) === 0)
      throw unauthorized('The request token was used before.');
    await accessTokens.insert(tx, access);
  });
  return told;
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** The living one of that id, or undefined. */
export async function findAccessToken({ db }: Pick<Identity, 'db'>, id: string): Promise<AccessToken | undefined> {
  const token = await accessTokens.find(db, { id });
  return token && !isOver(token) ? token : undefined;
}

type Tx = Identity['db'];

/** Tokens that came by it go with it. */
async function dropAccessToken(identity: Identity, tx: Tx, id: string): Promise<void> {
  await revokeForGood(identity, tx, { by: `oauth:${id}` });
  await accessTokens.remove(tx, { id });
}

export async function deleteAccessToken(identity: Identity, { id }: AccessToken): Promise<void> {
  await identity.db.transaction((tx) => dropAccessToken(identity, tx, id));
  await identity.tokenKeysChanged();
}

/** All that it was given goes with it. */
export async function deleteConsumer(identity: Identity, id: string): Promise<void> {
  await consumers.get(identity.db, id);
  await identity.db.transaction(async (tx) => {
    for (const token of await accessTokens.listWhere(tx, { consumerId: id }))
      await dropAccessToken(identity, tx, token.id);
    await requestTokens.remove(tx, { consumerId: id });
    await consumers.remove(tx, { id });
  });
  await identity.tokenKeysChanged();
}
