/** The authentication methods: one function each, which resolves with the user or throws a 401 without a reason. */

import type { Claims } from '#shared/auth/token.ts';
import { forbidden, unauthorized } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { ApplicationCredential } from '../application-credentials/store.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/users-and-groups.ts';
import { identityProviders } from '../federation/store.ts';
import type { SignedCall } from '../oauth/signature.ts';
import type { AccessToken } from '../oauth/store.ts';
import { findProject } from '../projects/store.ts';
import type { User } from '../users/store.ts';
import { byPassword } from './by-password.ts';
import { LoginRefused } from './login-refused.ts';
import type { NamedUser } from './named-user.ts';
import { verifyOwnToken } from './verify.ts';

export interface IdentityInput {
  readonly methods: readonly string[];
  readonly password?: { readonly user: NamedUser & { readonly password: string } };
  readonly token?: { readonly id: string };
  /** A token that a federated login gave. */
  readonly mapped?: { readonly id: string };
  readonly totp?: { readonly user: NamedUser & { readonly passcode: string } };
  /** Empty: the request itself is signed. */
  readonly oauth1?: object;
  readonly application_credential?: {
    readonly id?: string;
    readonly name?: string;
    readonly user?: NamedUser;
    readonly secret: string;
  };
}

/** The outcome of one method. */
export interface MethodResult {
  readonly user: User;
  /** The token that is exchanged for a new one. */
  readonly parentToken?: Claims;
  /** The application credential that was used; it gives the scope and the roles. */
  readonly credential?: ApplicationCredential;
  /** The OAuth access token that was used; it gives the scope and the roles. */
  readonly accessToken?: AccessToken;
}

/** Parses the signature of the login request, for methods that need it. */
export type ReadSignedCall = () => SignedCall;

/** The outcome of a login: the user, and the methods that were used. */
export interface Authentication extends MethodResult {
  readonly methods: readonly string[];
  /** Milliseconds. Taken before any row is read, so that a revocation made during the login covers its token. */
  readonly startedAt: number;
}

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
    parentToken.federated && (await identityProviders.find(identity.db, { id: parentToken.federated.idp }));
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

export async function refuseDisabled({ db }: Identity, user: User): Promise<void> {
  const domain = await findProject(db, { id: user.domainId });
  if (!user.enabled || !domain?.enabled) throw new LoginRefused('disabled');
}
