import type { Knex } from 'knex';
import type { Revocation } from '#shared/auth/revocations.ts';
import type { Identity } from '../context.ts';
import { insertRevocation } from './store.ts';

/** All tokens that fit and were issued until now. Inside a transaction; call trustChanged after it. */
export async function revoke(
  { config }: Pick<Identity, 'config'>,
  tx: Knex,
  what: Omit<Revocation, 'before'>,
): Promise<void> {
  const now = Date.now();
  await insertRevocation(tx, { ...what, before: now / 1000 }, now + config.tokenSeconds * 1000 + 60_000);
}
