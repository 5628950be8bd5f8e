/** argon2id in the thread pool of libuv: the hash of new passwords. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { trimEndOf } from '#shared/input/trim.ts';
import type { Check } from './imported.ts';

const derive = promisify(argon2);

export interface Cost {
  /** In KiB. */
  readonly memory: number;
  readonly passes: number;
}

interface Parsed extends Cost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export async function argonHash(password: string, { memory, passes }: Cost): Promise<string> {
  const salt = randomBytes(16);
  const hash = await digest(password, { memory, passes, salt });
  return `$argon2id$v=19$m=${memory},t=${passes},p=1$${bare(salt)}$${bare(hash)}`;
}

export const argonCost = (text: string): Cost | undefined => parse(text);

export function argonCheck(text: string): Check | undefined {
  const known = parse(text);
  return known && (async (password) => timingSafeEqual(await digest(password, known), known.hash));
}

const digest = (password: string, { memory, passes, salt }: Cost & { readonly salt: Buffer }): Promise<Buffer> =>
  derive('argon2id', { message: Buffer.from(password), nonce: salt, parallelism: 1, tagLength: 32, memory, passes });

const bare = (bytes: Buffer) => trimEndOf(bytes.toString('base64'), '=');

const form = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/;

function parse(text: string): Parsed | undefined {
  const [, memory, passes, salt = '', hash = ''] = text.match(form) ?? [];
  if (memory === undefined) return undefined;
  return {
    memory: Number(memory),
    passes: Number(passes),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}
