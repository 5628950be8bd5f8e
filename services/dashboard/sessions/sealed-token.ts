/** A token in a row, encrypted with the id of the session, which the browser alone has: rows and key files reveal nothing. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const keyOf = (id: string): Buffer => Buffer.from(hkdfSync('sha256', id, '', 'token of a session', 32));

export function sealToken(id: string, token: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(algorithm, keyOf(id), nonce);
  const body = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/** Throws for another id and a changed text. */
export function openToken(id: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv(algorithm, keyOf(id), bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
}
