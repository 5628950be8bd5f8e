import type { Knex } from 'knex';
import type { Log } from '#shared/log/log.ts';
import type { Config } from './config.ts';

/** The dependencies of this service's functions. */
export interface Dashboard {
  readonly db: Knex;
  readonly config: Config;
  readonly log: Log;
  /** With /v3. */
  readonly identityUrl: string;
  readonly region: string;
  readonly live: Live;
}

/** What wakes the pages that are open. */
export interface Live {
  /** Calls the listener when servers or tokens may have changed, until `off`. */
  onChange(listener: (what: Change) => void): () => void;
  /** Ends all streams. */
  close(): void;
  /** Aborts when the service stops. */
  readonly closing: AbortSignal;
}

export type Change = 'machines' | 'tokens';

/** Notifications of compute (a task began, or ended) and of identity (a token was revoked). */
export const notifications: Readonly<Record<Change, readonly string[]>> = {
  machines: ['compute.tasks', 'compute.task-advanced'],
  tokens: ['identity.trust-changed'],
};
