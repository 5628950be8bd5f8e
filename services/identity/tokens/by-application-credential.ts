import { unauthorized } from '#shared/errors/fault.ts';
import { type ApplicationCredential, applicationCredentials } from '../application-credentials/store.ts';
import type { Identity } from '../context.ts';
import { lookUser } from '../directories/people.ts';
import type { Proofs, Shown } from './methods.ts';
import { findUserNamed } from './named.ts';
import { LoginRefused } from './refusals.ts';

type Given = NonNullable<Proofs['application_credential']>;

type ByCredential = Shown & { readonly credential: ApplicationCredential };

/** The token is its owner's, whoever else the caller names. */
export async function byApplicationCredential(identity: Identity, given: Given | undefined): Promise<ByCredential> {
  if (!given) throw unauthorized();
  const credential = await findCredential(identity, given);
  const right = await identity.hasher.verify(given.secret, credential?.secretHash ?? null);
  if (!credential || !right) throw new LoginRefused(credential ? 'wrong' : 'unknown');
  if ((credential.expiresAtUs ?? Infinity) <= Date.now() * 1000) throw new LoginRefused('expired');
  const user = await lookUser(identity, credential.userId);
  const named = given.user ? await findUserNamed(identity, given.user) : user;
  if (!user || named?.id !== user.id) throw unauthorized();
  return { user, credential };
}

async function findCredential(
  identity: Identity,
  { id, name, user }: Given,
): Promise<ApplicationCredential | undefined> {
  if (id !== undefined) return applicationCredentials.look(identity.db, { id });
  const owner = user ? await findUserNamed(identity, user) : undefined;
  return owner && name !== undefined ? applicationCredentials.look(identity.db, { userId: owner.id, name }) : undefined;
}
