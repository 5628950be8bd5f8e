/** The settings of identity. */
import { number, text } from '#shared/config/settings.ts';

export const section = {
  listen: text('5000', 'where the API answers'),
  database: text('', "its own database; empty: the cloud's"),
  tokenSeconds: number(3600, 'how long a token lives'),
  allowExpiredSeconds: number(172_800, 'how long after its end a token may still be looked at with allow_expired'),
  argonKib: number(19_456, 'memory of one password hash, in KiB (argon2id)'),
  argonPasses: number(2, 'passes over that memory'),
  hashesAtOnce: number(2, 'passwords hashed side by side; 16 times as many wait, more are told to come later'),
  lockoutTries: number(0, 'wrong passwords in a row that lock a user; 0: never'),
  lockoutSeconds: number(1800, 'how long such a user stays locked'),
};
