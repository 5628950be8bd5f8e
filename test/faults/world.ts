/** What a service must tell, so that its workflows can be killed at every point of every story. */
import type { Knex } from 'knex';

export interface World<End = unknown> {
  /** Each story and how it must end, wherever it was cut. */
  readonly stories: Readonly<Record<string, End>>;
  /**
   * Lives a story as far as it is not lived yet, all its state below `dir`, and returns when no task and no host work is
   * open. `point` is a moment at which the process may die: before and after each effect and each commit.
   */
  live(dir: string, story: string, point: () => void): Promise<void>;
  /** What is left: rows, guests, files. Compared with the story's end. */
  look(dir: string, story: string): Promise<End>;
}

/** Every commit of a database on sqlite, and every single statement that commits by itself. */
export function watchCommits(db: Knex, point: () => void): void {
  const isCommit = ({ sql, __knexTxId }: { sql: string; __knexTxId?: string }) =>
    sql === 'COMMIT;' || (!__knexTxId && /^(insert|update|delete)/i.test(sql));
  db.on('query', (query: { sql: string; __knexTxId?: string }) => {
    if (!isCommit(query)) return;
    point();
    queueMicrotask(point); // the driver is synchronous: by then the commit is made
  });
}

/** Between two points stands an effect on the outside world. */
export async function effect<T>(point: () => void, make: () => T | Promise<T>): Promise<T> {
  point();
  const made = await make();
  point();
  return made;
}
