/** Requirements for a new password, and the columns that follow from it. */
import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import { linearRegex } from '#shared/input/linear-regex.ts';
import type { Identity } from '../context.ts';
import type { User } from './resource.ts';
import { insertOldPassword, listOldPasswords } from './store.ts';

const dayMs = 86_400_000;

export interface NewPassword {
  readonly passwordHash: string | null;
  readonly passwordAt: number;
  readonly passwordExpiresAt: number | null;
  readonly mustChange: boolean;
}

/** `byUser`: set by the user; an administrator may set a password that the user may not choose again. */
export async function newPassword(
  identity: Pick<Identity, 'config' | 'hasher'>,
  password: string | null,
  { byUser }: { readonly byUser: boolean },
): Promise<NewPassword> {
  const { config, hasher } = identity;
  if (password !== null) refuseWeak(identity, password);
  const now = Date.now();
  return {
    passwordHash: password === null ? null : await hasher.hash(password),
    passwordAt: now,
    passwordExpiresAt: expiryOf(config, now),
    mustChange: !byUser && config.changeUponFirstUse && password !== null,
  };
}

export const expiryOf = ({ passwordExpiresDays: days }: Identity['config'], since: number): number | null =>
  days > 0 ? since + days * dayMs : null;

function refuseWeak({ config }: Pick<Identity, 'config'>, password: string): void {
  if (!config.passwordRegex || linearRegex(config.passwordRegex).test(password)) return;
  const requirements = config.passwordRegexDescription || config.passwordRegex;
  throw badRequest(`The password does not match the requirements: ${requirements}.`);
}

/** Refuses a recent password, and a change too soon after the last one. */
export async function refuseRepeated({ db, config, hasher }: Identity, user: User, password: string): Promise<void> {
  const { passwordMinimumAgeDays: days, passwordsRemembered: remembered } = config;
  const since = user.passwordAt ?? 0;
  if (days > 0 && !user.mustChange && since + days * dayMs > Date.now())
    throw badRequest(`Cannot change password before minimum age of ${days} days is met.`);
  if (remembered === 0) return;
  const recent = [user.passwordHash, ...(await listOldPasswords(db, user.id, remembered - 1))];
  for (const hash of recent)
    if (hash !== null && (await hasher.verify(password, hash)))
      throw badRequest(
        `The new password cannot be identical to a previous password. The total number which includes the new password must be unique is: ${remembered}.`,
      );
}

export async function insertIntoHistory({ config }: Pick<Identity, 'config'>, tx: Knex, user: User): Promise<void> {
  if (config.passwordsRemembered > 1 && user.passwordHash !== null)
    await insertOldPassword(tx, user.id, user.passwordHash, config.passwordsRemembered);
}
