import { createHash } from 'node:crypto';
import type { Knex } from 'knex';

/** The right to open a console once. Only the hash of the token is stored. */
export interface Console {
  readonly serverId: string;
  readonly host: string;
  readonly type: string;
  readonly expiresAt: number;
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

/** Counts and inserts with the server's row locked. False when the server has `max` unused consoles already. */
export const insertConsole = (db: Knex, token: string, console: Console, max: number): Promise<boolean> =>
  db.transaction(async (tx) => {
    const { serverId } = console;
    await tx('servers').where({ id: serverId }).forUpdate().first('id');
    const waiting = tx('consoles').where({ serverId }).where('expiresAt', '>', Date.now());
    const [row] = await waiting.count({ count: '*' });
    if (Number(row?.count ?? 0) >= max) return false;
    await tx('consoles').insert({ tokenHash: hashOf(token), ...console });
    return true;
  });

export const findConsole = async (db: Knex, token: string): Promise<Console | undefined> =>
  (await db('consoles')
    .where({ tokenHash: hashOf(token) })
    .where('expiresAt', '>', Date.now())
    .first()) as Console | undefined;

/** Consumes the token: of concurrent uses one succeeds, the others get undefined. */
export async function redeemConsole(db: Knex, token: string): Promise<Console | undefined> {
  const found = await findConsole(db, token);
  if (!found) return undefined;
  return (await db('consoles')
    .where({ tokenHash: hashOf(token) })
    .delete()) > 0
    ? found
    : undefined;
}

export const removeConsolesOf = async (tx: Knex, serverId: string): Promise<void> => {
  await tx('consoles').where({ serverId }).delete();
};
export const removeOldConsoles = async (db: Knex): Promise<void> => {
  await db('consoles').where('expiresAt', '<=', Date.now()).delete();
};
