import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { type User, user as users } from '../users/resource.ts';
import { countWrongTry, replaceHash } from '../users/store.ts';
import { LoginRefused } from './login-refused.ts';
import { findUserInDirectory, type NamedUser } from './named-user.ts';

/**
 * A wrong password and an unknown, locked or idle user give the same answer after the same time. Only an expired
 * password is reported, and only when it is right.
 */
export async function byPassword(
  identity: Identity,
  given: (NamedUser & { readonly password: string }) | undefined,
): Promise<{ user: User }> {
  if (!given) throw unauthorized();
  const { user, directory } = await findUserInDirectory(identity, given);
  const refusal = user && refusalOf(identity, user);
  const isRight = await directory.verify(refusal ? undefined : user, given.password);
  if (user && !isRight && !refusal && countsTries(identity, user))
    await countWrongTry(identity.db, user.id, Date.now());
  if (!user || !isRight) throw new LoginRefused(user ? (refusal ?? 'wrong') : 'unknown');
  refuseExpiredPassword(user);
  await recordLogin(identity, user, given.password);
  return { user };
}

function refusalOf(identity: Identity, user: User): 'locked' | 'idle' | undefined {
  if (isLocked(identity, user)) return 'locked';
  return isIdle(identity, user) ? 'idle' : undefined;
}

function refuseExpiredPassword(user: User): void {
  const { ignore_password_expiry: forever, ignore_change_password_upon_first_use: free } = user.options;
  const ended = user.passwordExpiresAt !== null && user.passwordExpiresAt <= Date.now() && forever !== true;
  if (!ended && !(user.mustChange && free !== true)) return;
  throw new LoginRefused('expired', `The password is expired and needs to be changed for user: ${user.id}.`);
}

/**
 * Resets the count of wrong tries, replaces an imported hash by argon2id, and records the login where idle users are
 * locked out.
 */
async function recordLogin({ db, config, hasher }: Identity, user: User, password: string): Promise<void> {
  const isImported = user.passwordHash !== null && !hasher.isCurrent(user.passwordHash);
  const isLate = config.disableAfterIdleDays > 0 && Date.now() - (user.activeAt ?? 0) > 3_600_000;
  const change = {
    ...(user.wrongTries > 0 ? { wrongTries: 0, wrongAt: null } : {}),
    ...(isLate ? { activeAt: Date.now() } : {}),
  };
  if (Object.keys(change).length > 0) await users.rows.update(db, user.id, change);
  if (isImported) await replaceHash(db, user, await hasher.hash(password));
}

const countsTries = ({ config }: Identity, { options }: User): boolean =>
  config.lockoutTries > 0 && options.ignore_lockout_failure_attempts !== true;

/** After `lockoutSeconds` one more wrong try locks the user again; a right password resets the count. */
export const isLocked = (identity: Identity, user: User): boolean =>
  countsTries(identity, user) &&
  user.wrongTries >= identity.config.lockoutTries &&
  (user.wrongAt ?? 0) + identity.config.lockoutSeconds * 1000 > Date.now();

const isIdle = ({ config }: Identity, { activeAt, options }: User): boolean =>
  config.disableAfterIdleDays > 0 &&
  options.ignore_user_inactivity !== true &&
  activeAt !== null &&
  activeAt + config.disableAfterIdleDays * 86_400_000 < Date.now();
