/** Tells who a token's bearer is without asking anybody: with identity's public keys and what it has revoked. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Lru } from '#shared/clock/lru.ts';
import { Fault, unauthorized } from '#shared/errors/fault.ts';
import type { Caller } from './caller.ts';
import { type Revocation, type Revocations, revocationsOf } from './revocations.ts';
import { type Claims, keyIdOf, readToken } from './token.ts';
import { type AskElsewhere, rememberVerdicts } from './verdicts.ts';

/** What identity publishes, and every service waits for. */
export interface TokenKeyDocument {
  /** Grows with each change of what follows. */
  readonly epoch: number;
  readonly keys: readonly { readonly kid: string; readonly jwk: JsonWebKey }[];
  readonly revoked: readonly Revocation[];
  /** Only what is newer than this epoch is in `revoked`; absent: all of it is. */
  readonly since?: number;
}

export type Header = (name: string) => string | undefined;
/** Who asks; throws 401 for a missing, broken, expired or revoked token. */
export type Identify = (header: Header, requestId: string) => Promise<Caller>;

export interface TokenKeys {
  readonly identify: Identify;
  /** Takes what identity says now. */
  update(document: TokenKeyDocument): void;
  readonly epoch: () => number;
  /** The epoch whose revocations it knows; -1 when it wants to be told all. */
  readonly since: () => number;
  /** What a token says; 401 unless it is good now, or ended at most so many seconds ago. */
  read(token: string, endedSecondsAgo?: number): Promise<Claims>;
}

/** A token that was good once and was taken back: refused like any other bad one, but known whose it was. */
export class RevokedToken extends Fault {
  readonly claims: Claims;
  constructor(claims: Claims) {
    const { status, kind, message } = unauthorized();
    super(status, kind, message);
    this.claims = claims;
  }
}

/** All is told again then: what nobody needs any more is forgotten. */
const wholeEveryMs = 3_600_000;

export function openTokenKeys(askElsewhere: AskElsewhere = async () => undefined): TokenKeys {
  let keys: Keys = new Map();
  let revoked: Revocations = revocationsOf([]);
  let epoch = -1;
  let wholeAt = 0;
  const cache = new Lru<Claims>(10_000);
  const verdict = rememberVerdicts(askElsewhere);

  const read = async (token: string, endedSecondsAgo = 0): Promise<Claims> => {
    const claims = cache.get(token) ?? (await check(token));
    if ((claims.exp + endedSecondsAgo) * 1000 <= Date.now()) throw unauthorized();
    return claims;
  };
  /** Once, until the next update: only its end comes by itself. */
  const check = async (token: string): Promise<Claims> => {
    if (epoch < 0) throw new Fault(503, 'serviceUnavailable', 'Identity has not been reached yet: try again.');
    const key = keys.get(keyIdOf(token) ?? '');
    const claims = key ? verified(token, key) : await verdict(token);
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
    if (since !== undefined && isSameRing(keys, before)) cache.drop(fresh.has);
    else cache.clear();
    epoch = now;
  };
  const since = () => (performance.now() - wholeAt < wholeEveryMs ? epoch : -1);
  return { identify, update, read, epoch: () => epoch, since };
}

type Keys = ReadonlyMap<string, KeyObject>;

/** A key never changes under its name, so it is parsed once. */
const keysOf = ({ keys }: TokenKeyDocument, known: Keys): Keys =>
  new Map(keys.map(({ kid, jwk }) => [kid, known.get(kid) ?? createPublicKey({ key: jwk, format: 'jwk' })]));

const isSameRing = (a: Keys, b: Keys): boolean => a.size === b.size && [...a.keys()].every((kid) => b.has(kid));

function verified(token: string, key: KeyObject): Claims | undefined {
  try {
    return readToken(token, key, true); // its end is looked at with each use
  } catch {
    return undefined;
  }
}

export const callerOf = (claims: Claims, more: Pick<Caller, 'token' | 'serviceRoles' | 'requestId'>): Caller => ({
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
