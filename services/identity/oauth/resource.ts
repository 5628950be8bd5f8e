/** OAuth 1.0a consumers, request tokens and access tokens. Secrets are encrypted. */
import { both, extra, text, texts, time, timestampView } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';
import { rowsOf } from '../resources/store.ts';

/** `key id.sealed secret`. */
const sealed_secret = text({ hidden: true });

export const consumer = resource({
  one: 'consumer',
  path: '/OS-OAUTH1/consumers',
  table: 'oauth_consumers',
  attributes: {
    id: text({}),
    description: text({ set: both, nullable: true, default: null }),
    sealed_secret,
    /** Shown once, in the answer to the create. */
    secret: text({ column: null, hidden: true }),
    extra,
  },
});

/** A request of a consumer to act in a project; the authorizing user gets the verifier. */
const requestToken = {
  id: text({}),
  sealed_secret,
  consumer_id: text({}),
  project_id: text({}),
  /** Null until a user has authorized it, like the next two. */
  user_id: text({ nullable: true }),
  role_ids: texts({ nullable: true }),
  sealed_verifier: text({ nullable: true }),
  /** Null: does not expire. */
  expires_at: time({ nullable: true }),
} as const;
export const requestTokens = rowsOf(requestToken, { table: 'oauth_request_tokens', noun: 'request token' });

/** Lets a consumer act for a user in a project, with some of their roles. */
export const accessToken = resource({
  one: 'access_token',
  path: '/OS-OAUTH1/access_tokens',
  table: 'oauth_access_tokens',
  links: ({ id, userId }, base) => {
    const self = `${base}/v3/users/${userId}/OS-OAUTH1/access_tokens/${id}`;
    return { self, roles: `${self}/roles` };
  },
  attributes: {
    id: text({}),
    consumer_id: text({}),
    authorizing_user_id: text({ column: 'userId' }),
    project_id: text({}),
    expires_at: time({ nullable: true, show: timestampView }),
    sealed_secret,
    role_ids: texts({ hidden: true }),
  },
});

export type Consumer = Row<typeof consumer>;
export type RequestToken = Row<{ readonly attributes: typeof requestToken }>;
export type AccessToken = Row<typeof accessToken>;
