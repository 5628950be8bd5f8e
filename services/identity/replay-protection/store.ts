/** Values that are accepted once on all controllers: passcodes, nonces. A row holds a hash, until the value expires. */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { isDuplicate } from '#shared/db/errors.ts';

interface UsedRow {
  readonly id: string;
  readonly forgetAt: number;
}

/** Whether this is the first use; of concurrent calls one gets true. */
export async function consumeOnce(db: Knex, value: string, lifetimeMs: number): Promise<boolean> {
  const now = Date.now();
  const row = { id: createHash('sha256').update(value).digest('hex'), forgetAt: now + lifetimeMs };
  try {
    await db<UsedRow>('used_once').insert(row);
    return true;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return isRenewed(db, row, now);
  }
}

/** A passcode may recur after its expiry, before the timer has deleted its row. */
const isRenewed = async (db: Knex, { id, forgetAt }: UsedRow, now: number): Promise<boolean> =>
  (await db<UsedRow>('used_once').where({ id }).where('forgetAt', '<', now).update({ forgetAt })) === 1;

export async function forgetUsed(db: Knex, now: number): Promise<void> {
  await db<UsedRow>('used_once').where('forgetAt', '<', now).delete();
}
