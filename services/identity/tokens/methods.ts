/** How somebody proves who they are: one function a method, each gives the user or a 401 that tells nothing. */

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
  /** A token that another's word gave. */
  readonly mapped?: { readonly id: string };
  readonly totp?: { readonly user: NamedUser & { readonly passcode: string } };
  /** Says nothing here: the request itself is signed. */
  readonly oauth1?: object;
  readonly application_credential?: {
    readonly id?: string;
    readonly name?: string;
    readonly user?: NamedUser;
    readonly secret: string;
  };
}

/** What one method has shown. */
export interface MethodResult {
  readonly user: User;
  /** The token that this login continues. */
  readonly before?: Claims;
  /** The application credential that it came by, which says where and with which roles. */
  readonly credential?: ApplicationCredential;
  /** The same of an access token of OAuth. */
  readonly accessToken?: AccessToken;
}

/** The signed request that a login came as, for methods that look at it. */
export type Signed = () => SignedCall;

/** What a login has shown: who it is, and by what. */
export interface Authentication extends MethodResult {
  readonly methods: readonly string[];
  /** Milliseconds: before anything was looked up, so that what is revoked meanwhile counts for its token. */
  readonly since: number;
}

type Method = (identity: Identity, proofs: IdentityInput, signed: Signed) => Promise<MethodResult>;

const methods: Readonly<Record<string, Method>> = {
  password: (identity, { password }) => byPassword(identity, password?.user),
  token: byToken,
  mapped: byMappedToken,
  totp: async (identity, { totp }) => (await import('./by-totp.ts')).byTotp(identity, totp?.user),
  application_credential: async (identity, { application_credential: given }) =>
    (await import('./by-application-credential.ts')).byApplicationCredential(identity, given),
  oauth1: async (identity, _proofs, signed) => (await import('./by-oauth1.ts')).byOauth1(identity, signed()),
};

/** `already`: the methods that a receipt of an earlier step has shown, for its user. */
export async function authenticate(
  identity: Identity,
  proofs: IdentityInput,
  already: { readonly userId: string; readonly methods: readonly string[] } | undefined,
  signed: Signed,
): Promise<Authentication> {
  const since = Date.now();
  const wanted = [...new Set(proofs.methods)];
  const shown: MethodResult[] = [];
  for (const name of wanted) shown.push(await methodOf(name)(identity, proofs, signed));
  const [first] = shown;
  if (!first || shown.some(({ user }) => user.id !== first.user.id)) throw unauthorized();
  if (already && already.userId !== first.user.id) throw unauthorized();
  await refuseDisabled(identity, first.user);
  const before = shown.find((each) => each.before)?.before;
  const credential = shown.find((each) => each.credential)?.credential;
  const accessToken = shown.find((each) => each.accessToken)?.accessToken;
  return {
    user: first.user,
    since,
    methods: [...new Set([...wanted, ...(already?.methods ?? []), ...(before?.methods ?? [])])],
    ...(before ? { before } : {}),
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
  await identity.tokenKeys.refresh(); // what another process has just revoked must not live on under a new date
  const before = await verifyOwnToken(identity, token.id);
  if (before.by !== undefined || before.methods.includes('ec2credential'))
    throw forbidden('A token of a trust or an application credential cannot be exchanged.');
  const provider = before.federated && (await identityProviders.find(identity.db, { id: before.federated.idp }));
  if (before.federated && !provider?.enabled) throw forbidden(`Identity Provider ${before.federated.idp} is disabled`);
  const user = await findUser(identity, before.sub);
  if (!user) throw unauthorized();
  return { user, before };
}

async function byMappedToken(identity: Identity, { mapped, ...proofs }: IdentityInput): Promise<MethodResult> {
  const shown = await byToken(identity, { ...proofs, ...(mapped ? { token: mapped } : {}) });
  if (!shown.before?.federated) throw unauthorized();
  return shown;
}

export async function refuseDisabled({ db }: Identity, user: User): Promise<void> {
  const domain = await findProject(db, { id: user.domainId });
  if (!user.enabled || !domain?.enabled) throw new LoginRefused('disabled');
}
