import type { Knex } from 'knex';
import { recordsOf } from '../collection/store.ts';

export interface ApplicationCredential {
  readonly id: string;
  readonly name: string;
  readonly userId: string;
  readonly projectId: string;
  readonly secretHash: string;
  readonly description: string | null;
  /** Microseconds, since clients compare the value; null: no expiry. */
  readonly expiresAtUs: number | null;
  readonly unrestricted: boolean;
  readonly roleIds: readonly string[];
  /** Ids of access rules; null or empty: every request is allowed. */
  readonly accessRules: readonly string[] | null;
}

/** A request that application credentials allow. */
export interface AccessRule {
  readonly id: string;
  readonly userId: string;
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

export const applicationCredentials = recordsOf<ApplicationCredential>({
  table: 'application_credentials',
  what: 'application credential',
  json: ['roleIds', 'accessRules'],
  filters: { name: 'name' },
});

export const accessRules = recordsOf<AccessRule>({
  table: 'access_rules',
  what: 'access rule',
  filters: { service: 'service', method: 'method', path: 'path' },
});

/** Deletes those of a user, or of a project. */
export const removeCredentialsOf = (tx: Knex, some: { readonly userId?: string; readonly projectId?: string }) =>
  applicationCredentials.remove(tx, some);
