import type { Who } from '#shared/auth/who.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { revoke } from '../keys/revoke.ts';
import { extraOf, newId } from '../projects/operations.ts';
import { findDomain } from '../projects/store.ts';
import { findUser, insertUser, refuseTwin, removeUser, type User, updateUser } from './store.ts';

export interface UserWish {
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

export async function createUser({ db, hasher }: Identity, who: Who, wish: UserWish): Promise<User> {
  const domainId = wish.domain_id ?? who.domainId ?? who.projectDomainId ?? 'default';
  await findDomain(db, domainId);
  const user: User = {
    id: newId(),
    name: (wish.name ?? '').trim(),
    domainId,
    enabled: wish.enabled ?? true,
    defaultProjectId: wish.default_project_id ?? null,
    passwordHash: wish.password ? await hasher.hash(wish.password) : null,
    passwordExpiresAt: null,
    wrongTries: 0,
    wrongAt: null,
    options: wish.options ?? {},
    extra: extraOf(wish, fields),
  };
  await db.transaction((tx) => insertUser(tx, user));
  return user;
}

/** A new password, or being disabled, takes away every token of the user. */
export async function changeUser(identity: Identity, user: User, wish: UserWish): Promise<User> {
  const { name, enabled, default_project_id: defaultProjectId, password, options } = wish;
  const changed = {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(defaultProjectId === undefined ? {} : { defaultProjectId }),
    ...(password === undefined
      ? {}
      : { passwordHash: password === null ? null : await identity.hasher.hash(password) }),
    options: { ...user.options, ...options },
    extra: { ...user.extra, ...extraOf(wish, fields) },
  };
  await identity.db.transaction(async (tx) => {
    if (name !== undefined) await refuseTwin(tx, { ...user, name });
    await updateUser(tx, user.id, changed);
    if (enabled === false || password !== undefined) await revoke(identity, tx, { user: user.id });
  });
  await identity.trustChanged();
  return { ...user, ...changed };
}

/** By the user alone, who knows the old one: no token is asked for. */
export async function changeOwnPassword(
  identity: Identity,
  id: string,
  { password, original }: { readonly password: string; readonly original: string },
): Promise<void> {
  const user = await findUser(identity.db, id).catch(() => undefined);
  const right = await identity.hasher.verify(original, user?.passwordHash ?? null);
  if (!user || !right) throw unauthorized();
  await changeUser(identity, user, { password });
}

export async function deleteUser(identity: Identity, id: string): Promise<void> {
  await identity.db.transaction(async (tx) => {
    await revoke(identity, tx, { user: id });
    await removeUser(tx, id);
  });
  await identity.trustChanged();
}
