/** The context of every handler. */
import type { Authenticated } from '#shared/auth/caller.ts';
import type { Lru } from '#shared/clock/lru.ts';
import type { ValuesOf } from '#shared/config/settings.ts';
import type { Log } from '#shared/log/log.ts';
import type { Reach } from '#shared/ring/reach.ts';
import type { Ring } from '#shared/ring/ring.ts';
import type { section } from './config.ts';

/** Bytes and number of objects: a limit or a usage. */
export interface Quota {
  readonly bytes: number;
  readonly count: number;
}

interface Ledger {
  /** Uploads in progress. */
  readonly now: Quota;
  /** Uploads that ended since a usage query began. */
  readonly ended: Quota;
  /** The number of usage queries in progress. */
  readonly askers: number;
}

export interface Quotas {
  /** By account and by `account/container`. */
  readonly ledgers: Map<string, Ledger>;
  /** Accounts without a quota, and until when that is cached, in milliseconds. */
  readonly unlimited: Lru<number>;
  forget(account: string): void;
}

/** What a request of the S3 API says about its signature. */
export interface Signed {
  readonly version: 2 | 4;
  readonly access: string;
  readonly signature: string;
  /** The text that was signed. */
  readonly text: string;
  /** Version 4: `20300131/RegionOne/s3/aws4_request`, and the time as it was signed. */
  readonly scope: string;
  readonly date: string;
  /** Version 4: the digest of the body, or how the body is signed. */
  readonly payload: string;
}

export interface KeyOwner {
  readonly caller: Authenticated;
  /** Undefined for version 2. */
  readonly signingKey: Buffer | undefined;
}

export interface S3Keys {
  /** Throws SignatureDoesNotMatch. */
  verify(signed: Signed): Promise<KeyOwner>;
}

export interface ObjectStore {
  readonly ring: Ring;
  readonly reach: Reach;
  readonly settings: ValuesOf<typeof section>;
  readonly log: Log;
  /** Reservations of uploads in progress. */
  readonly quotas: Quotas;
  /** Whose requests of the S3 API are. */
  readonly keys: S3Keys;
}
