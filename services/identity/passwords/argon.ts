/** argon2id in libuv's pool, a few at a time; who comes when too many wait is told to come later. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Fault } from '#shared/errors/fault.ts';
import type { Hasher } from '../context.ts';

const derive = promisify(argon2);

interface Cost {
  readonly memory: number;
  readonly passes: number;
}
interface Parsed extends Cost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export function openHasher({ memory, passes, atOnce }: Cost & { readonly atOnce: number }): Hasher {
  const inTurn = turnstile(atOnce, atOnce * 16);
  const nobody: Parsed = { memory, passes, salt: randomBytes(16), hash: randomBytes(32) };
  const hash = (password: string) =>
    inTurn(async () => {
      const salt = randomBytes(16);
      return encode({ memory, passes, salt, hash: await digest(password, { memory, passes, salt }) });
    });
  const verify = (password: string, encoded: string | null) =>
    inTurn(async () => {
      const known = (encoded && decode(encoded)) || nobody;
      const same = timingSafeEqual(await digest(password, known), known.hash);
      return same && known !== nobody;
    });
  const isCurrent = (encoded: string) => {
    const known = decode(encoded);
    return known?.memory === memory && known.passes === passes;
  };
  return { hash, verify, isCurrent };
}

const digest = (password: string, { memory, passes, salt }: Cost & { readonly salt: Buffer }): Promise<Buffer> =>
  derive('argon2id', { message: Buffer.from(password), nonce: salt, parallelism: 1, tagLength: 32, memory, passes });

const bare = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

const encode = ({ memory, passes, salt, hash }: Parsed) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=1$${bare(salt)}$${bare(hash)}`;

function decode(text: string): Parsed | undefined {
  const [, memory, passes, salt = '', hash = ''] =
    text.match(/^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([^$]+)\$([^$]+)$/) ?? [];
  if (memory === undefined) return undefined;
  return {
    memory: Number(memory),
    passes: Number(passes),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

/** So many at once, so many in line. */
function turnstile(places: number, line: number) {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (inside >= places) {
      if (waiting.length >= line)
        throw new Fault(503, 'serviceUnavailable', 'Too many passwords are being checked: try again in a second.', {
          headers: { 'retry-after': '1' },
        });
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    inside += 1;
    try {
      return await work();
    } finally {
      inside -= 1;
      waiting.shift()?.();
    }
  };
}
