/**
 * Inside a transaction only its tx is used: on sqlite a query past it would wait for ever (there is one connection),
 * on MySQL it would see, and lock, another world.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';
import type { Asked } from './names.ts';
import { type Attempt, withRetries } from './retry.ts';

export type Work = (tx: Knex.Transaction) => Promise<unknown>;
/** A client of knex, as its dialects may change it; its own types leave this out. */
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

/** `database` is whatever all clients of one database share. */
export function refuseInside(database: unknown): void {
  const scope = scopes.getStore();
  if (scope?.open && scope.of === database) throw new Error('in a transaction use its tx, not db');
}

/** Runs a whole transaction, again where that is safe. One within another is tried again with the whole. */
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
    scope.open = false; // what the work left running may use db again
  }
}
