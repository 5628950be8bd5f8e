/** Keys that sign tokens, what was revoked, and the number that grows with each change of either. */
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

/** An active key to sign with, and a staged one that everybody knows before it is used. */
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
 * Staged becomes active, active retired. Retired keys stay as long as a token that they signed may be looked at; then
 * they are forgotten.
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

/** `lastAt`: when the last token it could mean has ended. */
export async function insertRevocation(tx: Knex, what: Revocation, lastAt: number): Promise<void> {
  await incrementEpoch(tx); // first: it makes all who revoke come one after another
  await tx('revocations').insert({ what: JSON.stringify(what), forgetAt: lastAt, epoch: await getEpoch(tx) });
}

export const forgetRevocations = (db: Knex, now: number) => db('revocations').where('forgetAt', '<', now).delete();

/** Makes every process look at what is published, and at the directories of domains. */
export async function incrementEpoch(tx: Knex): Promise<void> {
  if (await tx('trust').where({ id: 1 }).increment('epoch', 1)) return;
  await tx('trust').insert({ id: 1, epoch: 1 });
}

export async function getEpoch(db: Knex): Promise<number> {
  const row = await db<{ id: number; epoch: number }>('trust').where({ id: 1 }).first('epoch');
  return row?.epoch ?? 0;
}

/**
 * One moment of both: read in a transaction, so that no revocation is missed under its epoch. Those that no token that
 * lives at `validAt` can be meant by are left out: only identity itself looks at ended tokens. Who knows all of an
 * epoch `since` is told what is newer.
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
