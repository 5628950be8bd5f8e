import type { Knex } from 'knex';

export async function forgetEnded(db: Knex, now: number): Promise<void> {
  for (const table of ['oauth_request_tokens', 'oauth_access_tokens'])
    await db(table).where('expiresAt', '<', now).delete();
}
