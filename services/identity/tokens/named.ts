import type { Identity } from '../context.ts';
import { lookUser, type User } from '../users/store.ts';
import { findDomainNamed } from './scope.ts';

export interface NamedUser {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: { readonly id?: string; readonly name?: string };
}

export async function findUserNamed(
  { db }: Pick<Identity, 'db'>,
  { id, name = '', domain }: NamedUser,
): Promise<User | undefined> {
  if (id !== undefined) return lookUser(db, { id });
  const owner = domain ? await findDomainNamed(db, domain) : undefined;
  return owner ? lookUser(db, { domainId: owner.id, nameLower: name.toLowerCase() }) : undefined;
}
