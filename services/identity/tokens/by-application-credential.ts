import { unauthorized } from '#shared/errors/fault.ts';
import { type ApplicationCredential, applicationCredential } from '../application-credentials/resource.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/users-and-groups.ts';
import { LoginRefused } from './login-refused.ts';
import type { IdentityInput, MethodResult } from './method.ts';
import { findUserNamed } from './named-user.ts';

type AppCredentialInput = NonNullable<IdentityInput['application_credential']>;

type CredentialResult = MethodResult & { readonly credential: ApplicationCredential };

/** The token is for the owner of the credential; a request that names another user is refused. */
export async function byApplicationCredential(
  identity: Identity,
  given: AppCredentialInput | undefined,
): Promise<CredentialResult> {
  if (!given) throw unauthorized();
  const credential = await findCredential(identity, given);
  const isRight = await identity.hasher.verify(given.secret, credential?.secretHash ?? null);
  if (!credential || !isRight) throw new LoginRefused(credential ? 'wrong' : 'unknown');
  if ((credential.expiresAtUs ?? Infinity) <= Date.now() * 1000) throw new LoginRefused('expired');
  const user = await findUser(identity, credential.userId);
  const named = given.user ? await findUserNamed(identity, given.user) : user;
  if (!user || named?.id !== user.id) throw unauthorized();
  return { user, credential };
}

async function findCredential(
  identity: Identity,
  { id, name, user }: AppCredentialInput,
): Promise<ApplicationCredential | undefined> {
  if (id !== undefined) return applicationCredential.rows.find(identity.db, { id });
  const owner = user ? await findUserNamed(identity, user) : undefined;
  return owner && name !== undefined
    ? applicationCredential.rows.find(identity.db, { userId: owner.id, name })
    : undefined;
}
