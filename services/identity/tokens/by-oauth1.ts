import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/users-and-groups.ts';
import { findAccessToken, refuseUnsigned } from '../oauth/operations.ts';
import { oauthValue, type SignedCall } from '../oauth/signature.ts';
import type { MethodResult } from './method.ts';

/** The login request itself is signed by an OAuth consumer; the user is the one who authorized its access token. */
export async function byOauth1(identity: Identity, call: SignedCall): Promise<MethodResult> {
  const accessToken = await findAccessToken(identity, oauthValue(call.header, 'oauth_token'));
  if (!accessToken) throw unauthorized();
  await refuseUnsigned(identity, call, accessToken);
  const user = await findUser(identity, accessToken.userId);
  if (!user) throw unauthorized();
  return { user, accessToken };
}
