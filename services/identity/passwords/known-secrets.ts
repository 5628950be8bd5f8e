/**
 * Passwords of services are long random texts that this process has read itself. They are compared by a keyed digest,
 * in microseconds and without queueing, so that a flood of logins does not lock services out.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface KnownSecrets {
  /** `encoded` is the hash in the row of the user. */
  learn(password: string, encoded: string): void;
  /** False also for an unknown hash: then the hash itself is verified. */
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
