/** AES-256-GCM with keys of a file outside the database: the newest key encrypts, each of them decrypts. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Sealer {
  seal(text: string): { readonly sealed: string; readonly keyId: string };
  /** Decrypts. Throws for an unknown key and for a modified text. */
  open(sealed: string, keyId: string): string;
  readonly newest: string;
  /** Adds a new key, which encrypts from now on. */
  rotate(): void;
}

interface Key {
  readonly id: string;
  readonly key: Buffer;
}

/** Opens or creates the file: one line per key, newest first: `id base64`. Throws when it is damaged or readable by others. */
export function openSealer(file: string): Sealer {
  let keys = read(file);
  const freshKey = () => ({ id: randomBytes(6).toString('hex'), key: randomBytes(32) });
  const write = (next: readonly Key[]) => {
    mkdirSync(dirname(file), { recursive: true });
    const text = next.map(({ id, key }) => `${id} ${key.toString('base64')}\n`).join('');
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    keys = next;
  };
  if (keys.length === 0) write([freshKey()]);
  let seenAt = statSync(file).mtimeMs;
  /** Reads the file again when another process has rotated the keys. */
  const first = () => {
    const { mtimeMs } = statSync(file);
    if (mtimeMs !== seenAt) [keys, seenAt] = [read(file), mtimeMs];
    return keys[0] as Key;
  };
  const keyOf = (id: string): Buffer => {
    const known = keys.find((each) => each.id === id) ?? read(file).find((each) => each.id === id);
    if (!known) throw new Error(`the key ${id} that sealed a secret is not in ${file}`);
    return known.key;
  };
  const seal = (text: string) => {
    const { id, key } = first();
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return { sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url'), keyId: id };
  };
  const open = (sealed: string, keyId: string) => {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', keyOf(keyId), bytes.subarray(0, 12), { authTagLength: 16 });
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  };
  return {
    seal,
    open,
    rotate: () => write([freshKey(), ...keys]),
    get newest() {
      return first().id;
    },
  };
}

function read(file: string): readonly Key[] {
  const text = textOf(file);
  if (text === undefined) return [];
  if (statSync(file).mode & 0o077) throw new Error(`${file} may be read by others than its owner: chmod 600 ${file}`);
  const keys = text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id = '', key = ''] = line.split(' ');
      return { id, key: Buffer.from(key, 'base64') };
    });
  if (keys.length > 0 && keys.every(({ key }) => key.length === 32)) return keys;
  throw new Error(
    `${file} is damaged: restore a copy, since the secrets in the database cannot be decrypted without it`,
  );
}

/** Undefined when there is no file, at the first start. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
