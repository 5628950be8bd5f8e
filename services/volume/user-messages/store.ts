import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { type Message, messageRows } from './resource.ts';

export const insertMessage = (tx: Knex, message: Omit<Message, 'id' | 'createdAt'>): Promise<void> =>
  messageRows.insert(tx, { ...message, id: randomUUID(), createdAt: Date.now() });

export const removeMessagesBefore = (db: Knex, time: number) => db('messages').where('createdAt', '<', time).delete();
