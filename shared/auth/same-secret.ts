import { createHash, timingSafeEqual } from 'node:crypto';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares texts with a secret in constant time: neither its content nor its length can be measured. */
export function secretMatcher(secret: string): (given: string) => boolean {
  const expected = digestOf(secret);
  return (given) => timingSafeEqual(digestOf(given), expected);
}

export const isSameSecret = (one: string, other: string): boolean => secretMatcher(one)(other);
