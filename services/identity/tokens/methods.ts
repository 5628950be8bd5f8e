/** The authentication methods: one function each, which resolves with the user or throws a 401 without a reason. */

import { forbidden, unauthorized } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/users-and-groups.ts';
import { identityProvider } from '../federation/resource.ts';
import { byPassword } from './by-password.ts';
import type { Authentication, IdentityInput, MethodResult, ReadSignedCall } from './method.ts';
import { refuseDisabled } from './refuse-disabled.ts';
import { verifyOwnToken } from './verify.ts';

type Method = (identity: Identity, input: IdentityInput, signed: ReadSignedCall) => Promise<MethodResult>;

const methods: Readonly<Record<string, Method>> = {
  password: (identity, { password }) => byPassword(identity, password?.user),
  token: byToken,
  mapped: byMappedToken,
  totp: async (identity, { totp }) => (await import('./by-totp.ts')).byTotp(identity, totp?.user),
  application_credential: async (identity, { application_credential: given }) =>
    (await import('./by-application-credential.ts')).byApplicationCredential(identity, given),
  oauth1: async (identity, _input, signed) => (await import('./by-oauth1.ts')).byOauth1(identity, signed()),
};

/** Runs all methods of the request. `receipt`: the user and the methods of an earlier step. */
export async function authenticate(
  identity: Identity,
  input: IdentityInput,
  receipt: { readonly userId: string; readonly methods: readonly string[] } | undefined,
  signed: ReadSignedCall,
): Promise<Authentication> {
  const startedAt = Date.now();
  const names = [...new Set(input.methods)];
  const results: MethodResult[] = [];
  for (const name of names) results.push(await methodOf(name)(identity, input, signed));
  const [first] = results;
  if (!first || results.some(({ user }) => user.id !== first.user.id)) throw unauthorized();
  if (receipt && receipt.userId !== first.user.id) throw unauthorized();
  await refuseDisabled(identity, first.user);
  const parentToken = results.find((each) => each.parentToken)?.parentToken;
  const credential = results.find((each) => each.credential)?.credential;
  const accessToken = results.find((each) => each.accessToken)?.accessToken;
  return {
    user: first.user,
    startedAt,
    methods: [...new Set([...names, ...(receipt?.methods ?? []), ...(parentToken?.methods ?? [])])],
    ...(parentToken ? { parentToken } : {}),
    ...(credential ? { credential } : {}),
    ...(accessToken ? { accessToken } : {}),
  };
}

function methodOf(name: string): Method {
  const method = own(methods, name);
  if (!method) throw unauthorized();
  return method;
}

async function byToken(identity: Identity, { token }: IdentityInput): Promise<MethodResult> {
  if (!token) throw unauthorized();
  await identity.tokenKeys.refresh(); // a token that another process has just revoked must not be exchanged
  const parentToken = await verifyOwnToken(identity, token.id);
  if (parentToken.by !== undefined || parentToken.methods.includes('ec2credential'))
    throw forbidden('A token of a trust or an application credential cannot be exchanged.');
  const provider =
    parentToken.federated && (await identityProvider.rows.find(identity.db, { id: parentToken.federated.idp }));
  if (parentToken.federated && !provider?.enabled)
    throw forbidden(`Identity Provider ${parentToken.federated.idp} is disabled`);
  const user = await findUser(identity, parentToken.sub);
  if (!user) throw unauthorized();
  return { user, parentToken };
}

async function byMappedToken(identity: Identity, { mapped, ...input }: IdentityInput): Promise<MethodResult> {
  const result = await byToken(identity, { ...input, ...(mapped ? { token: mapped } : {}) });
  if (!result.parentToken?.federated) throw unauthorized();
  return result;
}
