/** What an authentication method gets, and what it results in. */
import type { Claims } from '#shared/auth/token.ts';
import type { ApplicationCredential } from '../application-credentials/resource.ts';
import type { AccessToken } from '../oauth/resource.ts';
import type { SignedCall } from '../oauth/signature.ts';
import type { User } from '../users/resource.ts';
import type { NamedUser } from './named-user.ts';

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
