/** OAuth 1.0a consumers, request tokens and access tokens. Secrets are encrypted. */
import type { Knex } from 'knex';
import { recordsOf } from '../collection/store.ts';

export interface Consumer {
  readonly id: string;
  readonly description: string | null;
  /** `key id.sealed secret`. */
  readonly sealedSecret: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A request of a consumer to act in a project; the authorizing user gets the verifier. */
export interface RequestToken {
  readonly id: string;
  readonly sealedSecret: string;
  readonly consumerId: string;
  readonly projectId: string;
  /** Null until a user has authorized it, like the next two. */
  readonly userId: string | null;
  readonly roleIds: readonly string[] | null;
  readonly sealedVerifier: string | null;
  /** Null: does not expire. */
  readonly expiresAt: number | null;
}

/** Lets a consumer act for a user in a project, with some of their roles. */
export interface AccessToken {
  readonly id: string;
  readonly sealedSecret: string;
  readonly consumerId: string;
  readonly userId: string;
  readonly projectId: string;
  readonly roleIds: readonly string[];
  readonly expiresAt: number | null;
}

export const consumers = recordsOf<Consumer>({ table: 'oauth_consumers', what: 'consumer', json: ['extra'] });
export const requestTokens = recordsOf<RequestToken>({
  table: 'oauth_request_tokens',
  what: 'request token',
  json: ['roleIds'],
});
export const accessTokens = recordsOf<AccessToken>({
  table: 'oauth_access_tokens',
  what: 'access token',
  json: ['roleIds'],
});

export async function forgetEnded(db: Knex, now: number): Promise<void> {
  for (const table of ['oauth_request_tokens', 'oauth_access_tokens'])
    await db(table).where('expiresAt', '<', now).delete();
}
