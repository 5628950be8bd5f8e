/** What a project has, counted while nobody else counts for it: images, and bytes that are there or on their way. */
import type { Knex } from 'knex';
import { isMysql } from '#shared/db/ensure.ts';
import type { ImageRow } from '../images/store.ts';

type Owner = string | null;

/**
 * Until the transaction ends nobody else counts for this project. Its row is made by whoever comes first; sqlite has one
 * writer anyway, from the beginning of a transaction.
 */
export async function lockOwner(tx: Knex, owner: Owner): Promise<void> {
  if (!isMysql(tx)) return;
  const row = { owner: owner ?? '' };
  await tx('quota_locks').insert(row).onConflict('owner').merge(['owner']);
}

const numberOf = (row: unknown): number =>
  Number((row as { number?: number | string | null } | undefined)?.number ?? 0);

export const countImages = async (tx: Knex, owner: Owner): Promise<number> =>
  numberOf(await tx<ImageRow>('images').where({ owner, deletedAt: null }).count({ number: '*' }).first());

export async function countUploads(tx: Knex, owner: Owner): Promise<number> {
  const uploads = tx<ImageRow>('images').where({ owner, deletedAt: null }).whereIn('status', ['saving', 'uploading']);
  return numberOf(await uploads.whereNotNull('uploadUntil').count({ number: '*' }).first());
}

/** An upload whose image was deleted counts until it has ended. */
export async function usedBytes(tx: Knex, owner: Owner): Promise<number> {
  const there = await tx<ImageRow>('images').where({ owner, deletedAt: null }).sum({ number: 'size' }).first();
  const reserved = tx<ImageRow>('images').where({ owner }).whereNotNull('reservedBytes');
  const alive = reserved.where((or) => or.where({ deletedAt: null }).orWhere('uploadUntil', '>', Date.now()));
  return numberOf(there) + numberOf(await alive.sum({ number: 'reservedBytes' }).first());
}
