import type { Knex } from 'knex';
import type { Revocation } from '#shared/auth/revocations.ts';
import type { Identity } from '../context.ts';
import { trusts } from '../trusts/store.ts';
import { insertRevocation } from './store.ts';

/** All tokens of a user: their own, those of trusts that they gave or were given. */
export async function revokeUser(identity: Pick<Identity, 'config'>, tx: Knex, user: string): Promise<void> {
  await revoke(identity, tx, { user });
  const own = [
    ...(await trusts.listWhere(tx, { trustorId: user })),
    ...(await trusts.listWhere(tx, { trusteeId: user })),
  ];
  for (const { id } of own) await revoke(identity, tx, { by: `trust:${id}` });
}

/** All tokens that fit and were issued until now. Inside a transaction; call trustChanged after it. */
export async function revoke(
  { config }: Pick<Identity, 'config'>,
  tx: Knex,
  what: Omit<Revocation, 'before'>,
): Promise<void> {
  const now = Date.now();
  await insertRevocation(tx, { ...what, before: now / 1000 }, now + config.tokenSeconds * 1000 + 60_000);
}
