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
  /** Cached facts for token bodies: names, roles, the catalog. Cleared by every write. */
  readonly facts: TtlCache;
  /** Encrypts secrets of users with keys that are not in the database. */
  readonly sealer: Sealer;
  /** The LDAP directories of domains that have one. */
  readonly ldap: LdapDomains;
  /** Verifies tokens by the keys and revocations in its own database. */
  readonly tokenKeys: TokenKeys & {
    signingKey(): { readonly kid: string; readonly key: KeyObject };
    /** Reads keys and revocations again when their epoch has changed. */
    refresh(): Promise<void>;
    /** Notified when refresh() has read something new. */
    readonly changes: Changes;
  };
  /** Call after a key or a revocation was written: refreshes this process and notifies the others. */
  readonly tokenKeysChanged: () => Promise<void>;
}

/** See keys/changes.ts. */
export interface Changes {
  notify(): void;
  /** Subscribes now. The result resolves with the next change, after `ms`, or when `aborted` aborts. */
  subscribe(): (ms: number, aborted: AbortSignal) => Promise<void>;
  /** Ends all waits, also later ones. */
  close(): void;
}

/** See directories/domains.ts. */
export interface LdapDomains {
  /** Undefined for a domain whose users are in our own tables. */
  of(domainId: string): LdapDirectory | undefined;
  /** Reads the configurations again, unless that was done at this epoch. */
  refresh(epoch: number): Promise<void>;
  close(): void;
}

export interface Hasher {
  hash(password: string): Promise<string>;
  /** Takes as long without a hash, so that user names cannot be guessed by timing. */
  verify(password: string, hash: string | null): Promise<boolean>;
  /** Makes this password of a service match that hash without hashing it: see known-secrets.ts. */
  learn(password: string, hash: string): void;
  /** Whether the hash has a format that can be imported from Keystone. */
  isImportable(hash: string): boolean;
  /** Whether the hash has the cost that the settings ask for. */
  isCurrent(hash: string): boolean;
}
