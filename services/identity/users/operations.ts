import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, forbidden, unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { directoryOfId, refuseChange, refuseNewIn } from '../directories/users-and-groups.ts';
import { revokeForGood, revokeUser } from '../keys/revoke.ts';
import { getDomain } from '../projects/store.ts';
import type { Change, New } from '../resources/resource.ts';
import { newId } from '../resources/store.ts';
import { isLocked } from '../tokens/by-password.ts';
import { insertIntoHistory, newPassword, refuseRepeated } from './passwords.ts';
import { newUser, type User, user } from './resource.ts';
import { countWrongTry, removeUsers } from './store.ts';

const flags = [
  'ignore_change_password_upon_first_use',
  'ignore_password_expiry',
  'ignore_lockout_failure_attempts',
  'ignore_user_inactivity',
  'lock_password',
  'multi_factor_auth_enabled',
];

const withoutNulls = (options: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));

function refuseInvalidOptions(options: Readonly<Record<string, unknown>> = {}): void {
  for (const [name, value] of Object.entries(options)) {
    const fits =
      value === null ||
      (flags.includes(name) && typeof value === 'boolean') ||
      (name === 'multi_factor_auth_rules' && isRules(value));
    if (!fits) throw badRequest(`Invalid input for field 'options': ${name} is not known, or has another type.`);
  }
}

const isRules = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(
    (rule) =>
      Array.isArray(rule) && rule.length > 0 && rule.every((method) => typeof method === 'string' && method !== ''),
  );

export async function createUser(
  identity: Identity,
  caller: Caller,
  input: New<typeof user>,
  password: string | null = null,
): Promise<User> {
  const { db } = identity;
  refuseInvalidOptions(input.options);
  const domainId = input.domainId ?? caller.domainId ?? caller.projectDomainId ?? 'default';
  await getDomain(db, domainId);
  refuseNewIn(identity, domainId, `user ${input.name}`);
  const row: User = {
    ...newUser(newId(), input.name ?? '', domainId),
    ...input,
    domainId,
    ...(await newPassword(identity, password, { byUser: false })),
    options: withoutNulls(input.options),
  };
  await db.transaction((tx) => user.rows.insert(tx, row));
  return row;
}

/** A new password, or disabling the user, revokes all of their tokens. */
export async function changeUser(
  identity: Identity,
  row: User,
  change: Partial<Change<typeof user>>,
  { password, byUser = false }: { readonly password?: string | null; readonly byUser?: boolean } = {},
): Promise<User> {
  await refuseChange(identity, 'user', row);
  refuseInvalidOptions(change.options);
  const { domainId = row.domainId, ...named } = change;
  if (domainId !== row.domainId) throw badRequest('The domain of a user cannot be changed.');
  const { name, enabled } = named;
  const changed = {
    ...named,
    ...(password === undefined ? {} : await newPassword(identity, password, { byUser })),
    ...(enabled === true || password !== undefined ? { wrongTries: 0, wrongAt: null } : {}),
    ...(enabled === true && row.activeAt !== null ? { activeAt: Date.now() } : {}),
    options: withoutNulls(change.options ?? row.options),
  };
  await identity.db.transaction(async (tx) => {
    if (name !== undefined) await user.rows.refuseTaken(tx, { ...row, name });
    if (password !== undefined) await insertIntoHistory(identity, tx, row);
    await user.rows.update(tx, row.id, changed);
    if (enabled === false || password !== undefined) await revokeUser(identity, tx, row.id);
  });
  await identity.tokenKeysChanged();
  return { ...row, ...changed };
}

/** Needs no token: the user proves the old password. */
export async function changeOwnPassword(
  identity: Identity,
  id: string,
  { password, original }: { readonly password: string; readonly original: string },
): Promise<void> {
  const directory = await directoryOfId(identity, id);
  const found = await directory.findUser(id);
  const isLockedOut = found !== undefined && isLocked(identity, found);
  const isRight = await directory.verify(isLockedOut ? undefined : found, original);
  if (found && !isRight && !isLockedOut && identity.config.lockoutTries > 0)
    await countWrongTry(identity.db, found.id, Date.now());
  if (!found || !isRight || !found.enabled) throw unauthorized();
  if (found.options.lock_password === true) throw forbidden('The password of this user is locked.');
  await refuseRepeated(identity, found, password);
  await changeUser(identity, found, {}, { password, byUser: true });
}

export async function deleteUser(identity: Identity, row: User): Promise<void> {
  await refuseChange(identity, 'user', row);
  const { id } = row;
  await identity.db.transaction(async (tx) => {
    await revokeUser(identity, tx, id);
    await revokeForGood(identity, tx, { user: id });
    await removeUsers(tx, [id]);
  });
  await identity.tokenKeysChanged();
}
