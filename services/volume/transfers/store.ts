/** Volume transfers: any project that has the key may accept one. */
import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { notFound } from '#shared/errors/fault.ts';

export interface Transfer {
  readonly id: string;
  readonly volumeId: string;
  /** The project that gives the volume away. */
  readonly projectId: string;
  readonly name: string | null;
  readonly salt: string;
  /** The key itself is returned once, in the response to the create. */
  readonly keyHash: string;
  readonly noSnapshots: boolean;
  readonly createdAt: number;
}

export const transferOf = (row: Transfer): Transfer => ({ ...row, createdAt: Number(row.createdAt) });

export const insertTransfer = (tx: Knex, transfer: Transfer) => tx('transfers').insert(transfer);
export const removeTransfer = (tx: Knex, id: string) => tx('transfers').where({ id }).delete();

/** Of any project. */
export async function getAnyTransfer(db: Knex, id: string): Promise<Transfer> {
  const row = await db('transfers').where({ id }).first();
  if (!row) throw notFound('Transfer', id);
  return transferOf(row);
}

/** Throws 404 for a transfer of another project; the recipient only accepts it, with id and key. */
export async function getTransfer(db: Knex, caller: Caller, id: string): Promise<Transfer> {
  const transfer = await getAnyTransfer(db, id);
  if (!isAdmin(caller) && transfer.projectId !== caller.projectId) throw notFound('Transfer', id);
  return transfer;
}
