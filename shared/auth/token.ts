/** What a token says, and how it is signed and read. ES256, with keys that were parsed once. */
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
  /** Role names, implied ones among them. */
  readonly roles: readonly string[];
  readonly methods: readonly string[];
  /** Its own audit id, and that of the first token of its chain. */
  readonly audit: readonly string[];
  /** Seconds, with fractions: a revocation in the same second must tell before from after. */
  readonly iat: number;
  readonly exp: number;
  /** The application credential, trust or access token it came by: `app:id`, `trust:id`, `oauth:id`. */
  readonly by?: string;
  /** The only requests it may make; absent: all that its roles allow. */
  readonly accessRules?: readonly AccessRule[];
  /** Who said who this is, where identity did not see a password. */
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

/** The name of the key that signed it, or undefined when it is no token of this kind. */
export const keyIdOf = (token: string): string | undefined => {
  const header = token.split('.', 1)[0] ?? '';
  try {
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: string }).kid;
  } catch {
    return undefined;
  }
};

/** Throws when the signature is wrong, or when it has expired (unless that is allowed). */
export const readToken = (token: string, key: KeyObject, ignoreExpiration = false): Claims =>
  jwt.verify(token, key, { algorithms: ['ES256'], ignoreExpiration }) as unknown as Claims;
