/** Usage of a project under its lock: images, stored bytes, and bytes reserved by uploads. */
import type { Knex } from 'knex';
import { isMysql } from '#shared/db/ensure.ts';
import type { ImageRow } from '../images/store.ts';

type Owner = string | null;

/**
 * Serializes quota checks of a project until the end of the transaction. Inserts the lock row if it is missing; sqlite
 * has a single writer anyway.
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
  const uploads = tx<ImageRow>('images')
    .where({ owner, deletedAt: null })
    .whereIn('status', ['saving', 'uploading', 'importing']);
  return numberOf(await uploads.whereNotNull('uploadUntil').count({ number: '*' }).first());
}

/** Data in several stores counts in each. An upload whose image was deleted counts until it has ended. */
export async function usedBytes(tx: Knex, owner: Owner): Promise<number> {
  const stored = await tx<ImageRow>('images').where({ owner, deletedAt: null }).sum({ number: 'size' }).first();
  const reserved = tx<ImageRow>('images').where({ owner }).whereNotNull('reservedBytes');
  const copied = tx('image_copies')
    .join('images', 'images.id', 'image_copies.imageId')
    .where({ owner, deletedAt: null })
    .whereNot({ state: 'failed' });
  const parts = [reserved.sum({ number: 'reservedBytes' }).first(), copied.sum({ number: 'images.size' }).first()];
  return (await Promise.all(parts)).reduce((sum, part) => sum + numberOf(part), numberOf(stored));
}
