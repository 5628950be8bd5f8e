/** Retries of transactions. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spendReserves } from '#shared/files/reserve.ts';
import { isDeadlock, isDiskFull, isLost } from './errors.ts';

/** A deadlock is retried after milliseconds, a lost connection for seconds. */
const deadlockTries = 12;
const lostForMs = 10_000;

export interface Attempt {
  /** True from the commit on: when it fails, the transaction may have been committed nevertheless. */
  committing: boolean;
}

/** Runs work that has no effect when it fails; retries it after a deadlock, a lost connection or a freed reserve. */
export async function withRetries<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
  const giveUp = performance.now() + lostForMs;
  for (let tries = 1; ; tries += 1) {
    const attempt = { committing: false };
    try {
      return await work(attempt);
    } catch (error) {
      const lost = isLost(error) && !attempt.committing && performance.now() < giveUp;
      const freed = isDiskFull(error) && spendReserves(); // sqlite rolls back a statement without space
      const beaten = isDeadlock(error) && tries < deadlockTries; // sqlite waits for locks itself
      if (freed) continue;
      if (!lost && !beaten) throw error;
      await sleep(pauseMs(tries, lost));
    }
  }
}

/** Exponential back-off with 50 % jitter. */
const pauseMs = (tries: number, lost: boolean) =>
  Math.min(lost ? 1000 : 200, (lost ? 50 : 5) * 2 ** tries) * (0.5 + Math.random() / 2);
