import { type Claims, keyIdOf } from '#shared/auth/token.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';

/** The claims of a token that this cloud signed, that has not expired and is not revoked; 401 otherwise. */
export async function verifyOwnToken({ tokenKeys }: Identity, token: string): Promise<Claims> {
  if (keyIdOf(token) === undefined) throw unauthorized();
  return tokenKeys.read(token);
}
