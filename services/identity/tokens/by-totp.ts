/** TOTP (RFC 6238): six digits that change every 30 seconds. The seed is a credential of the type totp. */

import { createHmac } from 'node:crypto';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { opened } from '../credentials/operations.ts';
import { credential } from '../credentials/resource.ts';
import { consumeOnce } from '../replay-protection/store.ts';
import type { User } from '../users/resource.ts';
import { LoginRefused } from './login-refused.ts';
import { findUserNamed, type NamedUser } from './named-user.ts';

const periodMs = 30_000;
/** A passcode is accepted once per user. */
const passcodeLivesMs = 3 * periodMs;

export async function byTotp(
  identity: Identity,
  given: (NamedUser & { readonly passcode: string }) | undefined,
): Promise<{ user: User }> {
  if (!given) throw unauthorized();
  const user = await findUserNamed(identity, given);
  const rows = user ? await credential.rows.where(identity.db, { userId: user.id, type: 'totp' }) : [];
  const step = Math.floor(Date.now() / periodMs);
  const isRight = rows.some((row) => {
    const seed = fromBase32(opened(identity, row).blob.trim());
    return [step, step - 1].some((at) => isSameSecret(passcodeAt(seed, at), given.passcode));
  });
  if (!user || !isRight) throw new LoginRefused(user ? 'wrong' : 'unknown');
  if (!(await consumeOnce(identity.db, `passcode ${user.id} ${given.passcode}`, passcodeLivesMs))) throw unauthorized();
  return { user };
}

export function passcodeAt(seed: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', seed).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export function fromBase32(text: string): Buffer {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text.toUpperCase().replace(/[=\s]/g, '')].map((letter) =>
    letters.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const bytes = bits.join('').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
