/** Messages for users: why an operation failed. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { notFound } from '#shared/errors/fault.ts';

export interface Message {
  readonly id: string;
  readonly projectId: string;
  readonly resourceType: 'VOLUME' | 'VOLUME_SNAPSHOT';
  readonly resourceId: string;
  readonly requestId: string;
  readonly eventId: string;
  readonly userMessage: string;
  /** The full reason; null in rows of earlier versions, whose `userMessage` holds it. */
  readonly detail: string | null;
  readonly createdAt: number;
}

export const messageOf = (row: Message): Message => ({ ...row, createdAt: Number(row.createdAt) });

export const insertMessage = (tx: Knex, message: Omit<Message, 'id' | 'createdAt'>) =>
  tx('messages').insert({ ...message, id: randomUUID(), createdAt: Date.now() });

export async function getMessage(db: Knex, caller: Caller, id: string): Promise<Message> {
  const row = await db('messages')
    .where({ id, projectId: caller.projectId ?? '' })
    .first();
  if (!row) throw notFound('Message', id);
  return messageOf(row);
}

export const removeMessage = (db: Knex, id: string) => db('messages').where({ id }).delete();

export const removeMessagesBefore = (db: Knex, time: number) => db('messages').where('createdAt', '<', time).delete();
