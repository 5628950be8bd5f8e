/** Caches the answers of a real Keystone about its opaque tokens; concurrent requests with one token share one validation. */
import { createHash } from 'node:crypto';
import { Lru } from '#shared/clock/lru.ts';
import type { Claims } from './token.ts';

/** Returns the claims of a token that no known key signed, or undefined when it is not valid. */
export type ValidateToken = (token: string) => Promise<Claims | undefined>;

interface Validation {
  readonly claims: Claims | undefined;
  /** By the monotonic clock. */
  readonly until: number;
}

const validMs = 5_000;
const invalidMs = 1_000;

/** Caches a valid token for 5 s, but not past its expiry, and an invalid one for 1 s. Failed validations are not cached. */
export function cacheValidations(validate: ValidateToken): ValidateToken {
  // two caches, so that a flood of invalid tokens evicts no valid one
  const [valid, invalid] = [new Lru<Validation>(10_000), new Lru<Validation>(1_000)];
  const pending = new Map<string, Promise<Claims | undefined>>();
  const fetch = async (key: string, token: string) => {
    const askedAt = performance.now();
    const claims = await validate(token);
    if (claims) valid.set(key, { claims, until: askedAt + validMs });
    else invalid.set(key, { claims, until: askedAt + invalidMs });
    return claims;
  };
  const fetchOnce = (key: string, token: string) => {
    const answer = pending.get(key) ?? fetch(key, token).finally(() => pending.delete(key));
    pending.set(key, answer);
    return answer;
  };
  return async (token) => {
    const key = createHash('sha256').update(token).digest('base64'); // an invalid token may be long
    const known = unexpired(valid.get(key)) ?? unexpired(invalid.get(key));
    return known ? known.claims : fetchOnce(key, token);
  };
}

const unexpired = (known: Validation | undefined): Validation | undefined => {
  if (!known || known.until <= performance.now()) return undefined;
  return (known.claims?.exp ?? Number.POSITIVE_INFINITY) * 1000 > Date.now() ? known : undefined;
};
