/** Signing keys, revocations, and the epoch that grows with each change of either. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Revocation } from '#shared/auth/revocations.ts';
import type { TokenKeyDocument } from '#shared/auth/token-keys.ts';

export type KeyState = 'staged' | 'active' | 'retired';

interface KeyRow {
  readonly kid: string;
  readonly state: KeyState;
  readonly publicJwk: string;
  readonly privatePem: string;
  readonly madeAt: number;
  readonly retiredAt: number | null;
}

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** Makes an active key, and a staged one that all services know before it signs. */
export async function ensureKeys(tx: Knex): Promise<void> {
  for (const state of ['active', 'staged'] as const)
    if (!(await tx<KeyRow>('signing_keys').where({ state }).first('kid'))) await insertKey(tx, state);
}

async function insertKey(tx: Knex, state: KeyState): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const publicJwk = JSON.stringify(publicKey.export({ format: 'jwk' }));
  await tx<KeyRow>('signing_keys').insert({
    kid: randomUUID(),
    state,
    publicJwk,
    privatePem,
    madeAt: Date.now(),
    retiredAt: null,
  });
  await incrementEpoch(tx);
}

/**
 * The staged key becomes active, the active one retired. Retired keys are deleted when no token signed by them can be
 * validated any more.
 */
export async function rotateKeys(tx: Knex, tokensLiveMs: number): Promise<void> {
  const now = Date.now();
  await tx<KeyRow>('signing_keys')
    .where({ state: 'retired' })
    .where('retiredAt', '<', now - tokensLiveMs)
    .delete();
  await tx<KeyRow>('signing_keys').where({ state: 'active' }).update({ state: 'retired', retiredAt: now });
  await tx<KeyRow>('signing_keys').where({ state: 'staged' }).update({ state: 'active' });
  await insertKey(tx, 'staged');
}

export const listKeys = (db: Knex): Promise<Pick<KeyRow, 'kid' | 'state' | 'madeAt' | 'retiredAt'>[]> =>
  db<KeyRow>('signing_keys').select('kid', 'state', 'madeAt', 'retiredAt').orderBy('madeAt');

export async function getActiveKey(db: Knex): Promise<SigningKey> {
  const row = await db<KeyRow>('signing_keys').where({ state: 'active' }).first();
  if (!row) throw new Error('there is no active signing key');
  return { kid: row.kid, key: createPrivateKey(row.privatePem) };
}

/** `lastAt`: when the last token that it can match has expired. */
export async function insertRevocation(tx: Knex, what: Revocation, lastAt: number): Promise<void> {
  await incrementEpoch(tx); // first: serializes all revocations
  await tx('revocations').insert({ what: JSON.stringify(what), forgetAt: lastAt, epoch: await getEpoch(tx) });
}

export const forgetRevocations = (db: Knex, now: number) => db('revocations').where('forgetAt', '<', now).delete();

/** Makes every process read keys, revocations and the directories of domains again. */
export async function incrementEpoch(tx: Knex): Promise<void> {
  if (await tx('trust').where({ id: 1 }).increment('epoch', 1)) return;
  await tx('trust').insert({ id: 1, epoch: 1 });
}

export async function getEpoch(db: Knex): Promise<number> {
  const row = await db<{ id: number; epoch: number }>('trust').where({ id: 1 }).first('epoch');
  return row?.epoch ?? 0;
}

/**
 * Reads epoch, keys and revocations in one transaction, so that no revocation of an epoch is missed. `validAt` leaves
 * out revocations that match no token valid then: only identity itself validates expired tokens. With `since`, only
 * the revocations after that epoch.
 */
export const readTokenKeys = (db: Knex, { validAt = 0, since = -1 } = {}): Promise<TokenKeyDocument> =>
  db.transaction(async (tx) => {
    const epoch = await getEpoch(tx);
    const keys = await tx<KeyRow>('signing_keys').select('kid', 'publicJwk');
    const part = since >= 0 && since <= epoch;
    const living = tx<{ what: string }>('revocations').where('forgetAt', '>=', validAt).select('what');
    const revoked = await (part ? living.where((row) => row.where('epoch', '>', since).orWhere('epoch', 0)) : living);
    return {
      epoch,
      ...(part ? { since } : {}),
      keys: keys.map(({ kid, publicJwk }) => ({ kid, jwk: JSON.parse(publicJwk) })),
      revoked: revoked.map(({ what }) => JSON.parse(what) as Revocation),
    };
  });
