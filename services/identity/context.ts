import type { KeyObject } from 'node:crypto';
import type { Knex } from 'knex';
import type { TokenKeys } from '#shared/auth/token-keys.ts';
import type { Bus } from '#shared/bus/bus.ts';
import type { TtlCache } from '#shared/clock/ttl-cache.ts';
import type { Cloud } from '#shared/config/cloud.ts';
import type { ValuesOf } from '#shared/config/settings.ts';
import type { Log } from '#shared/log/log.ts';
import type { Sealer } from '#shared/seal/key-file.ts';
import type { section } from './config.ts';
import type { LdapDirectory } from './drivers/ldap/directory.ts';

/** Everything this service's functions may reach. */
export interface Identity {
  readonly db: Knex;
  readonly bus: Bus;
  readonly log: Log;
  readonly cloud: Cloud;
  readonly config: ValuesOf<typeof section>;
  readonly hasher: Hasher;
  /** What tokens are shown with: names, roles, the catalog. Every write forgets it. */
  readonly facts: TtlCache;
  /** Seals what users keep here, with keys that the database never sees. */
  readonly sealer: Sealer;
  /** Where domains keep users and groups that have directories of their own. */
  readonly ldap: LdapDomains;
  /** Reads tokens by the keys and revocations of its own database. */
  readonly tokenKeys: TokenKeys & {
    signingKey(): { readonly kid: string; readonly key: KeyObject };
    /** Looks whether the database says something new. */
    refresh(): Promise<void>;
    /** Of what refresh() found. */
    readonly changes: Changes;
  };
  /** After a key or a revocation was written: here at once, elsewhere by a hint. */
  readonly tokenKeysChanged: () => Promise<void>;
}

/** See keys/news.ts. */
export interface Changes {
  report(): void;
  /** Begins to listen now; what it gives resolves with the next news, after `ms`, or when `gone` aborts. */
  listen(): (ms: number, gone: AbortSignal) => Promise<void>;
  /** From now on nobody waits. */
  close(): void;
}

/** See directories/domains.ts. */
export interface LdapDomains {
  /** Undefined for a domain that keeps its users in our rows. */
  of(domainId: string): LdapDirectory | undefined;
  /** Looks at the configurations, unless it did so at this epoch. */
  refresh(epoch: number): Promise<void>;
  close(): void;
}

export interface Hasher {
  hash(password: string): Promise<string>;
  /** Takes as long when there is nothing to compare with, so that a user's name cannot be guessed by time. */
  verify(password: string, hash: string | null): Promise<boolean>;
  /** From now on this password of a service is right for that hash without work: see known-secrets.ts. */
  learn(password: string, hash: string): void;
  /** Whether it is one of those that users of a Keystone may bring along. */
  isImportable(hash: string): boolean;
  /** Whether a hash costs what the settings want now. */
  isCurrent(hash: string): boolean;
}
