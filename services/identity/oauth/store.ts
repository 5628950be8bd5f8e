/** Programs that act for users by OAuth 1.0a, what they ask for, and what they were given. Secrets are sealed. */
import type { Knex } from 'knex';
import { recordsOf } from '../collection/store.ts';

export interface Consumer {
  readonly id: string;
  readonly description: string | null;
  /** `key id.sealed`: known to the consumer alone. */
  readonly sealedSecret: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A consumer would like to act in a project; a user who agrees hands the verifier over. */
export interface RequestToken {
  readonly id: string;
  readonly sealedSecret: string;
  readonly consumerId: string;
  readonly projectId: string;
  /** Null until a user has agreed; so are the next two. */
  readonly userId: string | null;
  readonly roleIds: readonly string[] | null;
  readonly sealedVerifier: string | null;
  /** Null: never. */
  readonly expiresAt: number | null;
}

/** A consumer acts for a user in a project with some of the user's roles. */
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
