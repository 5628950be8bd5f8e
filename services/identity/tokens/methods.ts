/** How somebody proves who they are: one function a method, each gives the user or a 401 that tells nothing. */

import type { Claims } from '#shared/auth/token.ts';
import { forbidden, unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { lookProject } from '../projects/store.ts';
import { countWrongTry, lookUser, type User, updateUser } from '../users/store.ts';
import { readOwnToken } from './read.ts';
import { findDomainNamed } from './scope.ts';

interface Named {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: { readonly id?: string; readonly name?: string };
}
export interface Proofs {
  readonly methods: readonly string[];
  readonly password?: { readonly user: Named & { readonly password: string } };
  readonly token?: { readonly id: string };
}

/** What a login has shown: who it is, and by which token it continues, if by one. */
export interface Proven {
  readonly user: User;
  readonly methods: readonly string[];
  readonly before?: Claims;
}

type Method = (identity: Identity, proofs: Proofs) => Promise<{ user: User; before?: Claims }>;

const methods: Readonly<Record<string, Method>> = { password: byPassword, token: byToken };

export async function prove(identity: Identity, proofs: Proofs): Promise<Proven> {
  const proven: { user: User; before?: Claims }[] = [];
  for (const name of proofs.methods) proven.push(await (methods[name] ?? unknown)(identity, proofs));
  const [first] = proven;
  if (!first || proven.some(({ user }) => user.id !== first.user.id)) throw unauthorized();
  await refuseDisabled(identity, first.user);
  const before = proven.find((each) => each.before)?.before;
  return {
    user: first.user,
    methods: [...new Set([...proofs.methods, ...(before?.methods ?? [])])],
    ...(before ? { before } : {}),
  };
}

const unknown: Method = async () => {
  throw unauthorized();
};

async function byPassword(identity: Identity, { password }: Proofs): Promise<{ user: User }> {
  if (!password) throw unauthorized();
  const user = await findNamed(identity, password.user);
  const locked = user !== undefined && isLocked(identity, user);
  const right = await identity.hasher.verify(password.user.password, locked ? null : (user?.passwordHash ?? null));
  if (user && !right && !locked && identity.config.lockoutTries > 0)
    await countWrongTry(identity.db, user.id, Date.now());
  if (!user || !right) throw unauthorized();
  if (user.passwordExpiresAt !== null && user.passwordExpiresAt <= Date.now())
    throw Object.assign(unauthorized(), {
      message: `The password is expired and needs to be changed for user: ${user.id}.`,
    });
  if (user.wrongTries > 0) await updateUser(identity.db, user.id, { wrongTries: 0, wrongAt: null });
  return { user };
}

const isLocked = ({ config }: Identity, { wrongTries, wrongAt }: User): boolean =>
  config.lockoutTries > 0 &&
  wrongTries >= config.lockoutTries &&
  (wrongAt ?? 0) + config.lockoutSeconds * 1000 > Date.now();

async function findNamed({ db }: Identity, { id, name = '', domain }: Named): Promise<User | undefined> {
  if (id !== undefined) return lookUser(db, { id });
  const owner = domain ? await findDomainNamed(db, domain) : undefined;
  return owner ? lookUser(db, { domainId: owner.id, nameLower: name.toLowerCase() }) : undefined;
}

async function byToken(identity: Identity, { token }: Proofs): Promise<{ user: User; before: Claims }> {
  if (!token) throw unauthorized();
  const before = await readOwnToken(identity, token.id);
  if (before.by !== undefined) throw forbidden('A token of a trust or an application credential cannot be exchanged.');
  const user = await lookUser(identity.db, { id: before.sub });
  if (!user) throw unauthorized();
  return { user, before };
}

async function refuseDisabled({ db }: Identity, user: User): Promise<void> {
  const domain = await lookProject(db, { id: user.domainId });
  if (!user.enabled || !domain?.enabled) throw unauthorized();
}
