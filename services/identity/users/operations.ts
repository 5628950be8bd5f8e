import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, forbidden, unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { directoryOfId, refuseChange, refuseNewIn } from '../directories/users-and-groups.ts';
import { revokeForGood, revokeUser } from '../keys/revoke.ts';
import { extraOf, newId } from '../projects/operations.ts';
import { getDomain } from '../projects/store.ts';
import { isLocked } from '../tokens/by-password.ts';
import { insertIntoHistory, newPassword, refuseRepeated } from './passwords.ts';
import { countWrongTry, insertUser, refuseDuplicate, removeUsers, type User, updateUser } from './store.ts';

export interface UserInput {
  readonly name?: string;
  readonly domain_id?: string;
  readonly password?: string | null;
  readonly enabled?: boolean;
  readonly default_project_id?: string | null;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly [extra: string]: unknown;
}

const fields = new Set([
  'id',
  'name',
  'domain_id',
  'password',
  'original_password',
  'enabled',
  'default_project_id',
  'options',
  'links',
  'password_expires_at',
  'federated',
]);

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

export async function createUser(identity: Identity, caller: Caller, input: UserInput): Promise<User> {
  const { db } = identity;
  refuseInvalidOptions(input.options);
  const domainId = input.domain_id ?? caller.domainId ?? caller.projectDomainId ?? 'default';
  await getDomain(db, domainId);
  refuseNewIn(identity, domainId, `user ${input.name}`);
  const user: User = {
    id: newId(),
    name: (input.name ?? '').trim(),
    domainId,
    enabled: input.enabled ?? true,
    defaultProjectId: input.default_project_id ?? null,
    ...(await newPassword(identity, input.password ?? null, { byUser: false })),
    wrongTries: 0,
    wrongAt: null,
    activeAt: null,
    options: withoutNulls(input.options ?? {}),
    extra: extraOf(input, fields),
  };
  await db.transaction((tx) => insertUser(tx, user));
  return user;
}

/** A new password, or disabling the user, revokes all of their tokens. */
export async function changeUser(
  identity: Identity,
  user: User,
  input: UserInput,
  { byUser = false } = {},
): Promise<User> {
  await refuseChange(identity, 'user', user);
  refuseInvalidOptions(input.options);
  if (input.domain_id !== undefined && input.domain_id !== user.domainId)
    throw badRequest('The domain of a user cannot be changed.');
  const { name, enabled, default_project_id: defaultProjectId, password, options } = input;
  const changed = {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(defaultProjectId === undefined ? {} : { defaultProjectId }),
    ...(password === undefined ? {} : await newPassword(identity, password, { byUser })),
    ...(enabled === true || password !== undefined ? { wrongTries: 0, wrongAt: null } : {}),
    ...(enabled === true && user.activeAt !== null ? { activeAt: Date.now() } : {}),
    options: withoutNulls({ ...user.options, ...options }),
    extra: { ...user.extra, ...extraOf(input, fields) },
  };
  await identity.db.transaction(async (tx) => {
    if (name !== undefined) await refuseDuplicate(tx, { ...user, name });
    if (password !== undefined) await insertIntoHistory(identity, tx, user);
    await updateUser(tx, user.id, changed);
    if (enabled === false || password !== undefined) await revokeUser(identity, tx, user.id);
  });
  await identity.tokenKeysChanged();
  return { ...user, ...changed };
}

/** Needs no token: the user proves the old password. */
export async function changeOwnPassword(
  identity: Identity,
  id: string,
  { password, original }: { readonly password: string; readonly original: string },
): Promise<void> {
  const directory = await directoryOfId(identity, id);
  const user = await directory.findUser(id);
  const isLockedOut = user !== undefined && isLocked(identity, user);
  const isRight = await directory.verify(isLockedOut ? undefined : user, original);
  if (user && !isRight && !isLockedOut && identity.config.lockoutTries > 0)
    await countWrongTry(identity.db, user.id, Date.now());
  if (!user || !isRight || !user.enabled) throw unauthorized();
  if (user.options.lock_password === true) throw forbidden('The password of this user is locked.');
  await refuseRepeated(identity, user, password);
  await changeUser(identity, user, { password }, { byUser: true });
}

export async function deleteUser(identity: Identity, user: User): Promise<void> {
  await refuseChange(identity, 'user', user);
  const { id } = user;
  await identity.db.transaction(async (tx) => {
    await revokeUser(identity, tx, id);
    await revokeForGood(identity, tx, { user: id });
    await removeUsers(tx, [id]);
  });
  await identity.tokenKeysChanged();
}
