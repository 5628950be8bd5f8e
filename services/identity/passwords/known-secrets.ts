/**
 * Passwords of services are long random texts that this process has read itself: they are compared by a keyed digest, in
 * microseconds and past the line in which everybody's passwords wait. So no flood of logins keeps a service out.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface KnownSecrets {
  /** `encoded` is the hash that the row of its user has. */
  learn(password: string, encoded: string): void;
  /** False also where nothing is known: then the hash says. */
  isRight(password: string, encoded: string): boolean;
}

export function openKnownSecrets(): KnownSecrets {
  const key = randomBytes(32);
  const digests = new Map<string, Buffer>();
  const digestOf = (password: string) => createHmac('sha256', key).update(password).digest();
  return {
    learn: (password, encoded) => void digests.set(encoded, digestOf(password)),
    isRight: (password, encoded) => {
      const known = digests.get(encoded);
      return known !== undefined && timingSafeEqual(known, digestOf(password));
    },
  };
}
