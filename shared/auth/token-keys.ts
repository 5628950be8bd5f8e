/**
 * Validates tokens within each service, without a request to identity.
 * - **token keys**: identity's public signing keys and its revocations, which every service polls as one document;
 * - **epoch**: the number of that document, which grows with each change. A service asks for what is newer than its epoch.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Lru } from '#shared/clock/lru.ts';
import { Fault, unauthorized } from '#shared/errors/fault.ts';
import type { Authenticated } from './caller.ts';
import { type Revocation, type Revocations, revocationsOf } from './revocations.ts';
import { type Claims, keyIdOf, readToken } from './token.ts';
import { cacheValidations, type ValidateToken } from './validation-cache.ts';

/** The document of identity, complete or since an epoch. */
export interface TokenKeyDocument {
  /** Grows with each change of the keys or revocations. */
  readonly epoch: number;
  readonly keys: readonly { readonly kid: string; readonly jwk: JsonWebKey }[];
  readonly revoked: readonly Revocation[];
  /** When present, `revoked` has only what is newer than this epoch; otherwise all revocations. */
  readonly since?: number;
}

/** Returns a request header, by its name in lower case. */
export type Header = (name: string) => string | undefined;
/**
 * Returns the caller of a request. Throws 401 for a missing, broken, expired or revoked token, 503 while identity has not
 * been reached yet.
 */
export type Identify = (header: Header, requestId: string) => Promise<Authenticated>;

export interface TokenKeys {
  readonly identify: Identify;
  /** Applies a document; one that is older or that follows an unknown epoch is ignored. */
  update(document: TokenKeyDocument): void;
  readonly epoch: () => number;
  /** The epoch from which to ask for changes; -1 asks for the whole document. */
  readonly since: () => number;
  /** Returns the claims of a token. Throws like `identify`; a token that expired at most `endedSecondsAgo` ago is accepted. */
  read(token: string, endedSecondsAgo?: number): Promise<Claims>;
}

/** The 401 of a revoked token. The client sees an ordinary 401; the audit can read the claims. */
export class RevokedToken extends Fault {
  readonly claims: Claims;
  constructor(claims: Claims) {
    const { status, kind, message } = unauthorized();
    super(status, kind, message);
    this.claims = claims;
  }
}

/** The whole document is fetched this often, so that expired revocations are dropped. */
const wholeEveryMs = 3_600_000;

/** `validateRemotely` validates tokens that no known key signed, as those of a real Keystone; by default they are refused. */
export function openTokenKeys(validateRemotely: ValidateToken = async () => undefined): TokenKeys {
  let keys: Keys = new Map();
  let revoked: Revocations = revocationsOf([]);
  let epoch = -1;
  let wholeAt = 0;
  const cache = new Lru<Claims>(10_000);
  const validate = cacheValidations(validateRemotely);

  const read = async (token: string, endedSecondsAgo = 0): Promise<Claims> => {
    const claims = cache.get(token) ?? (await check(token));
    if ((claims.exp + endedSecondsAgo) * 1000 <= Date.now()) throw unauthorized();
    return claims;
  };
  /** Result cached until the next update; only the expiry is checked at each use. */
  const check = async (token: string): Promise<Claims> => {
    if (epoch < 0) throw new Fault(503, 'serviceUnavailable', 'Identity has not been reached yet: try again.');
    const key = keys.get(keyIdOf(token) ?? '');
    const claims = key ? verified(token, key) : await validate(token);
    if (!claims) throw unauthorized();
    if (revoked.has(claims)) throw new RevokedToken(claims);
    if (key) cache.set(token, claims);
    return claims;
  };
  const identify: Identify = async (header, requestId) => {
    const token = header('x-auth-token');
    if (!token) throw unauthorized();
    const service = header('x-service-token');
    const serviceRoles = service ? (await read(service)).roles : [];
    return callerOf(await read(token), { token, serviceRoles, requestId });
  };
  const update = (document: TokenKeyDocument) => {
    const { epoch: now, since } = document;
    if (now === epoch || (since !== undefined && (now < epoch || since > epoch))) return;
    const before = keys;
    keys = keysOf(document, before);
    const fresh = revocationsOf(document.revoked);
    if (since === undefined) {
      revoked = fresh;
      wholeAt = performance.now();
    } else revoked.add(document.revoked);
    if (since !== undefined && hasSameKeys(keys, before)) cache.drop(fresh.has);
    else cache.clear();
    epoch = now;
  };
  const since = () => (performance.now() - wholeAt < wholeEveryMs ? epoch : -1);
  return { identify, update, read, epoch: () => epoch, since };
}

type Keys = ReadonlyMap<string, KeyObject>;

/** The key of an id never changes, so it is parsed once. */
const keysOf = ({ keys }: TokenKeyDocument, known: Keys): Keys =>
  new Map(keys.map(({ kid, jwk }) => [kid, known.get(kid) ?? createPublicKey({ key: jwk, format: 'jwk' })]));

const hasSameKeys = (a: Keys, b: Keys): boolean => a.size === b.size && [...a.keys()].every((kid) => b.has(kid));

function verified(token: string, key: KeyObject): Claims | undefined {
  try {
    return readToken(token, key, true); // the expiry is checked at each use
  } catch {
    return undefined;
  }
}

/** Returns the caller that the claims of a token describe. */
export const callerOf = (
  claims: Claims,
  more: Pick<Authenticated, 'token' | 'serviceRoles' | 'requestId'>,
): Authenticated => ({
  userId: claims.sub,
  userName: claims.name,
  userDomainId: claims.domain,
  projectId: claims.project?.id ?? null,
  projectName: claims.project?.name ?? null,
  projectDomainId: claims.project?.domain ?? null,
  domainId: claims.domainScope,
  system: claims.system,
  roles: claims.roles,
  ...(claims.accessRules ? { accessRules: claims.accessRules } : {}),
  ...more,
});
