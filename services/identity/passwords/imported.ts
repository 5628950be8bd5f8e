/**
 * Hashes as a Keystone keeps them, which its users bring along; the first login makes each of them ours. What costs far
 * more than a login is worth is not read: whoever can write a hash could stop all others with it.
 */
import { createHmac, pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Whether it is the password that was hashed. */
export type Check = (password: string) => Promise<boolean>;
/** Undefined for a text of another form, or one that wants too much work. */
type Scheme = (text: string) => Check | undefined;

const scryptKey = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
const pbkdf2Key = promisify(pbkdf2);

/** About a second of a core each: Keystone's own defaults are 12, 2 ** 19 and 25 000. */
const mostBcryptCost = 14;
const mostScryptWork = 2 ** 20;
const mostPbkdf2Rounds = 1_000_000;

/** Beyond 72 bytes of a password bcrypt sees nothing, here as in Keystone. */
const bcrypt: Scheme = (text) => {
  const cost = Number(text.match(/^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/)?.[1]);
  if (!(cost >= 4 && cost <= mostBcryptCost)) return undefined;
  return async (password) => (await import('@node-rs/bcrypt')).verify(password, text);
};

/** bcrypt of a digest, so that every byte of the password counts. */
const bcryptSha256: Scheme = (text) => {
  const form = /^\$bcrypt-sha256\$v=2,t=(2[ab]),r=(\d\d?)\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/;
  const [, ident, cost = '', salt = '', hash] = text.match(form) ?? [];
  const check = bcrypt(`$${ident}$${cost.padStart(2, '0')}$${salt}${hash}`);
  return check && ((password) => check(createHmac('sha256', salt).update(password).digest('base64')));
};

const scryptPlain: Scheme = (text) => {
  const form = /^\$scrypt\$ln=(\d\d?),r=(\d+),p=(\d+)\$([./+A-Za-z0-9]{11,86})\$([./+A-Za-z0-9]{22,86})$/;
  const [, log, r, p, salt = '', hash = ''] = text.match(form) ?? [];
  const [N, blocks, queues] = [2 ** Number(log), Number(r), Number(p)];
  if (!(N > 1 && N * blocks * queues > 0 && N * blocks * queues <= mostScryptWork)) return undefined;
  const cost = { N, r: blocks, p: queues, maxmem: 256 * mostScryptWork };
  return same(hash, (password, bytes) => scryptKey(password, decoded(salt), bytes, cost));
};

const pbkdf2Sha512: Scheme = (text) => {
  const form = /^\$pbkdf2-sha512\$(\d+)\$([./+A-Za-z0-9]{11,86})\$([./+A-Za-z0-9]{22,86})$/;
  const [, rounds, salt = '', hash = ''] = text.match(form) ?? [];
  if (!(Number(rounds) > 0 && Number(rounds) <= mostPbkdf2Rounds)) return undefined;
  return same(hash, (password, bytes) => pbkdf2Key(password, decoded(salt), Number(rounds), bytes, 'sha512'));
};

const same = (hash: string, derive: (password: string, bytes: number) => Promise<Buffer>): Check => {
  const wanted = decoded(hash);
  return async (password) => timingSafeEqual(await derive(password, wanted.length), wanted);
};

/** Base64 without its end, and with a dot for the plus. */
const decoded = (text: string): Buffer => Buffer.from(text.replaceAll('.', '+'), 'base64');

const schemes: readonly Scheme[] = [bcrypt, bcryptSha256, scryptPlain, pbkdf2Sha512];

export const importedCheck: Scheme = (text) => {
  for (const scheme of schemes) {
    const check = scheme(text);
    if (check) return check;
  }
  return undefined;
};
