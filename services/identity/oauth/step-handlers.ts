/** The requests of a consumer, which are signed, and the authorization by a user. */

import { badRequest } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { formatTimestamp } from '../resources/values.ts';
import { refuseDelegated } from '../tokens/delegation.ts';
import {
  createAccessToken as accessToken,
  authorizeRequest,
  type IssuedSecret,
  createRequestToken as requestToken,
} from './operations.ts';
import { parseOauthHeader, type SignedCall } from './signature.ts';

const signedCall = ({ header, method, base, url }: Call): SignedCall => ({
  method,
  url: base + url,
  header: parseOauthHeader(header('authorization')),
});

function report({ id, secret, expiresAt }: IssuedSecret): Answer {
  const ends = expiresAt === null ? '' : `&oauth_expires_at=${formatTimestamp(expiresAt)}`; // colons are not escaped, as in Keystone
  return created(`oauth_token=${id}&oauth_token_secret=${secret}${ends}`, {
    'content-type': 'application/x-www-form-urlencoded',
    'cache-control': 'no-store',
  });
}

export const createRequestToken: Handler<Identity> = async (identity, call) => {
  const signed = signedCall(call);
  const projectId = call.header('requested-project-id');
  if (!projectId) throw badRequest('Expecting to find Requested-Project-Id in request: a header that names a project.');
  return report(await requestToken(identity, signed, projectId));
};

export const createAccessToken: Handler<Identity> = async (identity, call) =>
  report(await accessToken(identity, signedCall(call)));

interface Authorization {
  readonly roles?: readonly { readonly id?: string; readonly name?: string }[];
}

export const authorizeRequestToken: Handler<Identity, Authorization, 'id'> = async (
  identity,
  { caller, params, body },
) => {
  await refuseDelegated(identity, caller, 'authorize a request token');
  const verifier = await authorizeRequest(identity, caller, params.id, body.roles ?? []);
  return ok({ token: { oauth_verifier: verifier } });
};
