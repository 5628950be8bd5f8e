import type { Knex } from 'knex';
import type { Revocation } from '#shared/auth/revocations.ts';
import type { Identity } from '../context.ts';
import { mappedIds } from '../directories/store.ts';
import { trust } from '../trusts/resource.ts';
import { listTrustsWith } from '../trusts/store.ts';
import { insertRevocation } from './store.ts';

/** Revokes all tokens of a user: their own, and those of trusts they gave or were given. */
export async function revokeUser(identity: Pick<Identity, 'config'>, tx: Knex, user: string): Promise<void> {
  await revoke(identity, tx, { user });
  const own = [
    ...(await trust.rows.where(tx, { trustorId: user })),
    ...(await trust.rows.where(tx, { trusteeId: user })),
  ];
  for (const { id } of own) await revoke(identity, tx, { by: `trust:${id}` });
}

/** Revokes all tokens of the users of an LDAP directory, and of trusts with them, by one row for the domain. */
export async function revokeLdapUsers(
  identity: Pick<Identity, 'config'>,
  tx: Knex,
  domainId: string,
  scope: { readonly project?: string; readonly domain?: string } = {},
): Promise<void> {
  await revoke(identity, tx, { usersOf: domainId, ...scope });
  for (const { id, projectId } of await listTrustsWith(tx, mappedIds(tx, domainId, 'user')))
    if (scope.project === undefined || scope.project === projectId) await revoke(identity, tx, { by: `trust:${id}` });
}

type Match = Omit<Revocation, 'before'>;

/** Revokes all matching tokens issued until now. Must run inside a transaction; call tokenKeysChanged() after it. */
export const revoke = (identity: Pick<Identity, 'config'>, tx: Knex, match: Match): Promise<void> =>
  revokeUntil(identity, tx, match, Date.now());

/**
 * For a deleted user, trust or token: covers also tokens that a controller with a fast clock has dated in the future.
 */
export const revokeForGood = (identity: Pick<Identity, 'config'>, tx: Knex, match: Match): Promise<void> =>
  revokeUntil(identity, tx, match, Date.now() + identity.config.tokenSeconds * 1000);

const revokeUntil = ({ config }: Pick<Identity, 'config'>, tx: Knex, match: Match, until: number): Promise<void> =>
  insertRevocation(tx, { ...match, before: until / 1000 }, Date.now() + config.tokenSeconds * 1000 + 60_000);
