/** What every handler works with. */
import type { Lru } from '#shared/clock/lru.ts';
import type { ValuesOf } from '#shared/config/settings.ts';
import type { Log } from '#shared/log/log.ts';
import type { Reach } from '#shared/ring/reach.ts';
import type { Ring } from '#shared/ring/ring.ts';
import type { section } from './config.ts';

/** Bytes and objects: how many there may be, or are. */
export interface Quota {
  readonly bytes: number;
  readonly count: number;
}

interface Ledger {
  /** Under way now. */
  readonly now: Quota;
  /** Ended since somebody began to ask for what is used. */
  readonly ended: Quota;
  /** How many are asking. */
  readonly askers: number;
}

export interface Quotas {
  /** By account and by `account/container`. */
  readonly ledgers: Map<string, Ledger>;
  /** Accounts that have no quota, and until when that is believed: in milliseconds. */
  readonly unlimited: Lru<number>;
  forget(account: string): void;
}

export interface ObjectStore {
  readonly ring: Ring;
  readonly reach: Reach;
  readonly settings: ValuesOf<typeof section>;
  readonly log: Log;
  /** Room that uploads have reserved. */
  readonly quotas: Quotas;
}
