/**
 * Password hashes in the formats of Keystone, for imported users; the first login replaces them by argon2id. A hash
 * that costs far more than a login should is refused: it would block all other logins.
 */
import { createHmac, pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Whether the password matches the hash. */
export type Check = (password: string) => Promise<boolean>;
/** Undefined for a text of another format, or a cost above the limit. */
type Scheme = (text: string) => Check | undefined;

const scryptKey = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
const pbkdf2Key = promisify(pbkdf2);

/** About a second of one core each; the defaults of Keystone are 12, 2 ** 19 and 25 000. */
const mostBcryptCost = 14;
const mostScryptWork = 2 ** 20;
const mostPbkdf2Rounds = 1_000_000;

/** bcrypt ignores all beyond the first 72 bytes, here as in Keystone. */
const bcrypt: Scheme = (text) => {
  const cost = Number(text.match(/^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/)?.[1]);
  if (!(cost >= 4 && cost <= mostBcryptCost)) return undefined;
  return async (password) => (await import('@node-rs/bcrypt')).verify(password, text);
};

/** bcrypt of a digest, so that every byte of the password is significant. */
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

/** Base64 without padding, and with a dot instead of the plus. */
const decoded = (text: string): Buffer => Buffer.from(text.replaceAll('.', '+'), 'base64');

const schemes: readonly Scheme[] = [bcrypt, bcryptSha256, scryptPlain, pbkdf2Sha512];

export const importedCheck: Scheme = (text) => {
  for (const scheme of schemes) {
    const check = scheme(text);
    if (check) return check;
  }
  return undefined;
};
