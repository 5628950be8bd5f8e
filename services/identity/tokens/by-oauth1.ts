import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { lookUser } from '../directories/people.ts';
import { lookAccessToken, refuseUnsigned } from '../oauth/operations.ts';
import { oauthValue, type SignedCall } from '../oauth/signature.ts';
import type { Shown } from './methods.ts';

/** The consumer that a user trusts has signed the login itself. */
export async function byOauth1(identity: Identity, call: SignedCall): Promise<Shown> {
  const accessToken = await lookAccessToken(identity, oauthValue(call.header, 'oauth_token'));
  if (!accessToken) throw unauthorized();
  await refuseUnsigned(identity, call, accessToken);
  const user = await lookUser(identity, accessToken.userId);
  if (!user) throw unauthorized();
  return { user, accessToken };
}
