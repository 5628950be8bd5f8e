import type { Identity } from '../context.ts';
import type { Directory } from '../directories/directory.ts';
import { directoryOf, directoryOfId } from '../directories/users-and-groups.ts';
import type { User } from '../users/resource.ts';
import { findDomainNamed } from './scope.ts';

export interface NamedUser {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: { readonly id?: string; readonly name?: string };
}

export interface UserInDirectory {
  readonly user: User | undefined;
  /** The directory of the domain, also when it has no such user. */
  readonly directory: Directory;
}

export async function findUserInDirectory(
  identity: Identity,
  { id, name = '', domain }: NamedUser,
): Promise<UserInDirectory> {
  if (id !== undefined) {
    const directory = await directoryOfId(identity, id);
    return { directory, user: await directory.findUser(id) };
  }
  const owner = domain ? await findDomainNamed(identity.db, domain) : undefined;
  const directory = directoryOf(identity, owner?.id ?? '');
  return { directory, user: owner ? await directory.findUserNamed(name) : undefined };
}

export const findUserNamed = async (identity: Identity, named: NamedUser): Promise<User | undefined> =>
  (await findUserInDirectory(identity, named)).user;
