/**
 * Group commit: small transactions that are requested at once share one commit, whose flush to disk is the main cost. Each is
 * still atomic by itself: when one fails, all of the group are repeated one by one.
 */
import type { Knex } from 'knex';
import { isMysql } from './ensure.ts';

type Work<T> = (tx: Knex) => Promise<T>;

interface Job {
  readonly work: Work<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs work in a transaction when the earlier group is committed. The work may run twice, so it must change rows only. */
export type GroupCommit = <T>(work: Work<T>) => Promise<T>;

export function openGroupCommit(db: Knex, atOnce = 50): GroupCommit {
  if (isMysql(db)) return (work) => db.transaction(work); // the MySQL server groups commits of many connections itself
  let waiting: Job[] = [];
  let running = false;
  const run = async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, atOnce);
      waiting = waiting.slice(atOnce);
      await commit(db, batch);
    }
    running = false;
  };
  return <T>(work: Work<T>) =>
    new Promise<T>((resolve, reject) => {
      waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      if (running) return;
      running = true;
      setImmediate(() => void run());
    });
}

async function commit(db: Knex, batch: readonly Job[]): Promise<void> {
  try {
    const results = await db.transaction(async (tx) => {
      const made: unknown[] = [];
      for (const { work } of batch) made.push(await work(tx));
      return made;
    });
    batch.forEach(({ resolve }, at) => {
      resolve(results[at]);
    });
  } catch (error) {
    const [only] = batch;
    if (batch.length === 1) only?.reject(error);
    else for (const job of batch) await commit(db, [job]);
  }
}
