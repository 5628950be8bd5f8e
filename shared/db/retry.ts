/** The one place where a transaction is tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spendReserves } from '#shared/files/reserve.ts';
import { isDeadlock, isDiskFull, isLost } from './errors.ts';

/** After a deadlock the other one needs a moment; after a lost server, seconds. */
const deadlockTries = 12;
const lostForMs = 10_000;

/** Says whether what was done may have been kept although it failed. */
export interface Attempt {
  committing: boolean;
}

/** Runs work that leaves nothing when it fails, again and again while the reason may pass. */
export async function withRetries<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
  const giveUp = performance.now() + lostForMs;
  for (let tries = 1; ; tries += 1) {
    const attempt = { committing: false };
    try {
      return await work(attempt);
    } catch (error) {
      const lost = isLost(error) && !attempt.committing && performance.now() < giveUp;
      const freed = isDiskFull(error) && spendReserves(); // nothing was kept: sqlite rolls back what has no room
      const beaten = isDeadlock(error) && tries < deadlockTries; // sqlite has waited already
      if (freed) continue;
      if (!lost && !beaten) throw error;
      await sleep(pauseMs(tries, lost));
    }
  }
}

/** Two that met must not meet again: half of each pause is chance. */
const pauseMs = (tries: number, lost: boolean) =>
  Math.min(lost ? 1000 : 200, (lost ? 50 : 5) * 2 ** tries) * (0.5 + Math.random() / 2);
