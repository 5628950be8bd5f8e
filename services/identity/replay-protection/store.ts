/** What counts once, at whichever controller: a passcode, a nonce. Kept as a hash, until it would not count any more by itself. */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { isDuplicate } from '#shared/db/errors.ts';

interface UsedRow {
  readonly id: string;
  readonly forgetAt: number;
}

/** Whether this is its first use; of those who come at the same moment one hears yes. */
export async function consumeOnce(db: Knex, what: string, livesMs: number): Promise<boolean> {
  const now = Date.now();
  const row = { id: createHash('sha256').update(what).digest('hex'), forgetAt: now + livesMs };
  try {
    await db<UsedRow>('used_once').insert(row);
    return true;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return isRenewed(db, row, now);
  }
}

/** Six digits may come again one day, before the timer has been here. */
const isRenewed = async (db: Knex, { id, forgetAt }: UsedRow, now: number): Promise<boolean> =>
  (await db<UsedRow>('used_once').where({ id }).where('forgetAt', '<', now).update({ forgetAt })) === 1;

export async function forgetUsed(db: Knex, now: number): Promise<void> {
  await db<UsedRow>('used_once').where('forgetAt', '<', now).delete();
}
