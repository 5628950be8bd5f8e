/** The claims of a token, and how it is signed and verified (JWT, ES256). */
import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';

export interface Claims {
  /** User id. */
  readonly sub: string;
  readonly name: string;
  readonly domain: string;
  readonly project: { readonly id: string; readonly name: string; readonly domain: string } | null;
  readonly domainScope: string | null;
  readonly system: boolean;
  /** Role names, including implied roles. */
  readonly roles: readonly string[];
  readonly methods: readonly string[];
  /** The audit id of the token, and of the first token of its chain if it has another. */
  readonly audit: readonly string[];
  /** Issued at, in seconds with fractions: a revocation in the same second must be before or after it. */
  readonly iat: number;
  /** Expires at, in seconds. */
  readonly exp: number;
  /** The application credential, trust or OAuth access token behind it: `app:id`, `trust:id`, `oauth:id`. */
  readonly by?: string;
  /** The only requests it may make; absent: all that its roles allow. */
  readonly accessRules?: readonly AccessRule[];
  /** The identity provider that authenticated the user, for a federated token. */
  readonly federated?: { readonly idp: string; readonly protocol: string; readonly groups: readonly string[] };
}

export interface AccessRule {
  readonly id: string;
  /** The type of a service in the catalog. */
  readonly service: string;
  readonly method: string;
  /** `/v2.1/servers/{id}/ips`; `*` is one part of a path, `**` any number. */
  readonly path: string;
}

export interface VerificationKey {
  readonly kid: string;
  readonly key: KeyObject;
}

export const signToken = (claims: Claims, kid: string, key: KeyObject): string =>
  jwt.sign({ ...claims }, key, { algorithm: 'ES256', keyid: kid });

/** Returns the id of the key that signed a token, or undefined when it is no JWT. */
export const keyIdOf = (token: string): string | undefined => {
  const header = token.split('.', 1)[0] ?? '';
  try {
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: string }).kid;
  } catch {
    return undefined;
  }
};

/** Returns the claims. Throws when the signature is wrong or, unless `ignoreExpiration`, when the token has expired. */
export const readToken = (token: string, key: KeyObject, ignoreExpiration = false): Claims =>
  jwt.verify(token, key, { algorithms: ['ES256'], ignoreExpiration }) as unknown as Claims;
