import type { Knex } from 'knex';
import type { Revocation } from '#shared/auth/revocations.ts';
import type { Identity } from '../context.ts';
import { mappedIds } from '../directories/store.ts';
import { listTrustsWith, trusts } from '../trusts/store.ts';
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

/** All tokens of users that a domain's directory keeps, and of trusts with them; their number does not matter. */
export async function revokeLdapUsers(
  identity: Pick<Identity, 'config'>,
  tx: Knex,
  domainId: string,
  place: { readonly project?: string; readonly domain?: string } = {},
): Promise<void> {
  await revoke(identity, tx, { usersOf: domainId, ...place });
  for (const { id, projectId } of await listTrustsWith(tx, mappedIds(tx, domainId, 'user')))
    if (place.project === undefined || place.project === projectId) await revoke(identity, tx, { by: `trust:${id}` });
}

type What = Omit<Revocation, 'before'>;

/** All tokens that fit and were issued until now. Inside a transaction; call trustChanged after it. */
export const revoke = (identity: Pick<Identity, 'config'>, tx: Knex, what: What): Promise<void> =>
  revokeUntil(identity, tx, what, Date.now());

/** What is gone does not come back: tokens that a process whose clock is ahead has dated later are meant, too. */
export const revokeForGood = (identity: Pick<Identity, 'config'>, tx: Knex, what: What): Promise<void> =>
  revokeUntil(identity, tx, what, Date.now() + identity.config.tokenSeconds * 1000);

const revokeUntil = ({ config }: Pick<Identity, 'config'>, tx: Knex, what: What, until: number): Promise<void> =>
  insertRevocation(tx, { ...what, before: until / 1000 }, Date.now() + config.tokenSeconds * 1000 + 60_000);
