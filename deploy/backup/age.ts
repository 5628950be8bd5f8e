/**
 * Encryption of backups: the file format of age (age-encryption.org/v1) with a passphrase, so that `age --decrypt` opens them
 * without Wattle. A key by scrypt; the payload in chunks of 64 KiB, each authenticated, the last one marked as such.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import { isSameSecret } from '#shared/auth/same-secret.ts';
import { Refusal } from '../command.ts';

type Bytes = AsyncIterable<Buffer>;

const version = 'age-encryption.org/v1';
const chunkBytes = 64 * 1024;
const tagBytes = 16;
/** 128 MiB and half a second per guess. More than `mostWork` would be an attack on the one who restores. */
const [work, mostWork] = [17, 20];

/** `logN`: the work of a guess, 2 to that power; tests take less. */
export async function* encrypt(plain: Bytes, passphrase: string, logN = work): AsyncGenerator<Buffer> {
  const fileKey = randomBytes(16);
  const salt = randomBytes(16);
  const sealedKey = seal(wrapKey(passphrase, salt, logN), Buffer.alloc(12), fileKey);
  const header = `${version}\n-> scrypt ${base64(salt)} ${logN}\n${base64(sealedKey)}\n---`;
  const nonce = randomBytes(16);
  yield Buffer.concat([Buffer.from(`${header} ${base64(macOf(fileKey, header))}\n`), nonce]);
  const key = payloadKey(fileKey, nonce);
  let at = 0;
  for await (const { chunk, isLast } of chunksOf(plain, chunkBytes)) {
    yield seal(key, nonceOf(at, isLast), chunk);
    at += 1;
  }
}

/** Throws Refusal for a wrong passphrase, and for a file that is damaged, truncated or no backup. Yields authenticated bytes only. */
export async function* decrypt(sealed: Bytes, passphrase: string, name: string): AsyncGenerator<Buffer> {
  const input = sealed[Symbol.asyncIterator]();
  const { header, mac, salt, logN, sealedKey, rest } = await readHeader(input, name);
  const fileKey = unseal(wrapKey(passphrase, salt, logN), Buffer.alloc(12), sealedKey);
  if (!fileKey) throw new Refusal(`the passphrase does not open ${name}`);
  if (!isSameSecret(base64(macOf(fileKey, header)), mac)) throw damaged(name);
  const key = payloadKey(fileKey, rest.subarray(0, 16));
  let at = 0;
  for await (const { chunk, isLast } of chunksOf(joined(rest.subarray(16), input), chunkBytes + tagBytes)) {
    const plain = unseal(key, nonceOf(at, isLast), chunk);
    if (!plain) throw isLast && unseal(key, nonceOf(at, false), chunk) ? truncated(name) : damaged(name);
    yield plain;
    at += 1;
  }
}

const damaged = (name: string) => new Refusal(`${name} is damaged: some of its bytes are not those that were written`);
const truncated = (name: string) => new Refusal(`${name} is truncated: its end is missing`);

const headerPattern = new RegExp(
  `^(${version}\\n-> scrypt ([\\w+/]{22}) (\\d{1,2})\\n([\\w+/]{43})\\n---) ([\\w+/]{43})\\n`,
);

async function readHeader(input: AsyncIterator<Buffer>, name: string) {
  let start = Buffer.alloc(0);
  while (start.length < 1024) {
    const next = await input.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  const found = headerPattern.exec(start.subarray(0, 1024).toString('latin1'));
  if (!found) throw new Refusal(`${name} is no backup, or damaged at its beginning`);
  const [whole, header = '', salt = '', logN = '', key = '', mac = ''] = found;
  if (Number(logN) > mostWork) throw damaged(name);
  const rest = start.subarray(whole.length);
  if (rest.length < 16) throw truncated(name);
  return { header, mac, salt: bytesOf(salt), logN: Number(logN), sealedKey: bytesOf(key), rest };
}

async function* joined(first: Buffer, others: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await others.next(); !next.done; next = await others.next()) yield next.value;
}

/** Chunks of one size; only the last may be shorter. */
async function* chunksOf(bytes: Bytes, size: number): AsyncGenerator<{ chunk: Buffer; isLast: boolean }> {
  let [pending, length]: [Buffer[], number] = [[], 0];
  for await (const part of bytes) {
    pending.push(part);
    length += part.length;
    if (length <= size) continue; // the chunk may be the last one
    let all = Buffer.concat(pending);
    for (; all.length > size; all = all.subarray(size)) yield { chunk: all.subarray(0, size), isLast: false };
    [pending, length] = [[all], all.length];
  }
  yield { chunk: Buffer.concat(pending), isLast: true };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64');

const wrapKey = (passphrase: string, salt: Buffer, logN: number): Buffer =>
  scryptSync(passphrase, Buffer.concat([Buffer.from(`${version}/scrypt`), salt]), 32, {
    N: 2 ** logN,
    r: 8,
    p: 1,
    maxmem: 2 ** (logN + 11),
  });

const derived = (fileKey: Buffer, salt: Buffer, info: string) =>
  Buffer.from(hkdfSync('sha256', fileKey, salt, Buffer.from(info), 32));
const payloadKey = (fileKey: Buffer, nonce: Buffer) => derived(fileKey, nonce, 'payload');
const macOf = (fileKey: Buffer, header: string) =>
  createHmac('sha256', derived(fileKey, Buffer.alloc(0), 'header'))
    .update(header)
    .digest();

function nonceOf(at: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(at, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function seal(key: Buffer, nonce: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagBytes });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined when the key is another one, or the bytes were changed. */
function unseal(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer | undefined {
  if (sealed.length < tagBytes) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
