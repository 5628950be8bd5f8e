/**
 * Refuses `db` inside a transaction, where only `tx` may be used: on sqlite, with its one connection, such a query would wait
 * for ever; on MySQL it would run outside the transaction.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';
import type { Asked } from './names.ts';
import { type Attempt, withRetries } from './retry.ts';

export type Work = (tx: Knex.Transaction) => Promise<unknown>;
/** The methods of a knex client that dialects override; knex's types do not have them. */
export interface Client {
  readonly config: Knex.Config;
  readonly connectionSettings: unknown;
  acquireRawConnection(): Promise<unknown>;
  destroyRawConnection(connection: unknown): Promise<void>;
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
  transaction(work: Work, config: unknown, outer: unknown): Promise<unknown>;
  processResponse(query: Asked, runner: unknown): unknown;
}
type Open = (work: Work) => Promise<unknown>;

const scopes = new AsyncLocalStorage<{ open: boolean; readonly of: unknown }>();

/** Throws inside a transaction of the same database. `database` is an object that all clients of one database share. */
export function refuseInside(database: unknown): void {
  const scope = scopes.getStore();
  if (scope?.open && scope.of === database) throw new Error('in a transaction use its tx, not db');
}

/** Runs a transaction, and repeats it where that is safe. A nested one is repeated only with the outer one. */
export function guarded(database: unknown, work: Work, outer: unknown, open: Open): Promise<unknown> {
  const run = (attempt: Attempt) => open((tx) => within(database, attempt, () => work(tx)));
  return outer ? run({ committing: false }) : withRetries(run);
}

async function within(database: unknown, attempt: Attempt, work: () => Promise<unknown>): Promise<unknown> {
  const scope = { open: true, of: database };
  try {
    const result = await scopes.run(scope, async () => await work());
    attempt.committing = true;
    return result;
  } finally {
    scope.open = false; // promises that the work left running may use db again
  }
}
