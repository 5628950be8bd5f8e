/**
 * What a service provides so that its workflows can be killed at every point of every scenario:
 * - a **story** is one scenario (create a server, delete a volume) with the state in which it must end;
 * - a **point** is a call of `point()`, before and after each effect and each commit, where the process may be killed;
 * - a **world** runs stories on fakes in one process, and reads what they left.
 */
import type { Knex } from 'knex';

export interface World<End = unknown> {
  /** Each story with the state in which it must end, wherever it was killed. */
  readonly stories: Readonly<Record<string, End>>;
  /**
   * Runs a story, or goes on with it after a kill, with all its state below `dir`. Returns when no task and no host work is
   * open.
   */
  live(dir: string, story: string, point: () => void): Promise<void>;
  /** Returns what is left (rows, guests, files), to be compared with the end of the story. */
  look(dir: string, story: string): Promise<End>;
}

/** Makes a point before and after each commit of a sqlite database, and each statement outside a transaction. */
export function watchCommits(db: Knex, point: () => void): void {
  const isCommit = ({ sql, __knexTxId }: { sql: string; __knexTxId?: string }) =>
    sql === 'COMMIT;' || (!__knexTxId && /^(insert|update|delete)/i.test(sql));
  db.on('query', (query: { sql: string; __knexTxId?: string }) => {
    if (!isCommit(query)) return;
    point();
    queueMicrotask(point); // the driver is synchronous: the commit is done by then
  });
}

/** Makes a point before and after an effect outside the database. */
export async function effect<T>(point: () => void, make: () => T | Promise<T>): Promise<T> {
  point();
  const made = await make();
  point();
  return made;
}
