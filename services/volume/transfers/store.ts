/** Volumes on offer to whoever knows the key. */
import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { notFound } from '#shared/errors/fault.ts';

export interface Transfer {
  readonly id: string;
  readonly volumeId: string;
  /** Who gives it away. */
  readonly projectId: string;
  readonly name: string | null;
  readonly salt: string;
  /** The key itself is told once, to who made the offer. */
  readonly keyHash: string;
  readonly noSnapshots: boolean;
  readonly createdAt: number;
}

const fromRow = (row: Transfer): Transfer => ({ ...row, createdAt: Number(row.createdAt) });

export const insertTransfer = (tx: Knex, transfer: Transfer) => tx('transfers').insert(transfer);
export const removeTransfer = (tx: Knex, id: string) => tx('transfers').where({ id }).delete();

export async function getAnyTransfer(db: Knex, id: string): Promise<Transfer> {
  const row = await db('transfers').where({ id }).first();
  if (!row) throw notFound('Transfer', id);
  return fromRow(row);
}

/** To who receives it the offer is not there: he has its id and the key, and accepts. */
export async function getTransfer(db: Knex, caller: Caller, id: string): Promise<Transfer> {
  const transfer = await getAnyTransfer(db, id);
  if (!isAdmin(caller) && transfer.projectId !== caller.projectId) throw notFound('Transfer', id);
  return transfer;
}

/** All of a project, or of all projects with null. */
export async function listTransfers(db: Knex, projectId: string | null): Promise<Transfer[]> {
  const rows = await (projectId === null ? db('transfers') : db('transfers').where({ projectId }));
  return rows.map(fromRow);
}
