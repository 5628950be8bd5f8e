import { createHash } from 'node:crypto';
import type { Knex } from 'knex';

export interface SessionRow {
  /** Of the value of the cookie, which is stored nowhere. */
  readonly idHash: string;
  /** Sealed: sealed-token.ts. */
  readonly token: string;
  readonly userId: string;
  readonly userName: string;
  readonly projectId: string;
  readonly projectName: string;
  /** URL by type of service, as JSON. */
  readonly endpoints: string;
  readonly expiresAt: number;
}

export const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex');

export const findSession = async (db: Knex, id: string): Promise<SessionRow | undefined> =>
  (await db('sessions')
    .where({ idHash: hashOf(id) })
    .where('expiresAt', '>', Date.now())
    .first()) as SessionRow | undefined;

export const insertSession = async (db: Knex, row: SessionRow): Promise<void> => {
  await db('sessions').insert(row);
};

export const updateSession = async (db: Knex, { idHash, ...change }: SessionRow): Promise<void> => {
  await db('sessions').where({ idHash }).update(change);
};

export const deleteSession = async (db: Knex, idHash: string): Promise<void> => {
  await db('sessions').where({ idHash }).delete();
};

export const deleteOldSessions = async (db: Knex): Promise<void> => {
  await db('sessions').where('expiresAt', '<=', Date.now()).delete();
};
