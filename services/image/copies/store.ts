/**
 * The copies of an image in further stores. The row of the image names one store with its data, the primary; each other store has a
 * row here, also while data is being copied to it and when that failed.
 */
import type { Knex } from 'knex';
import type { ImageRow } from '../images/store.ts';

export interface Copy {
  readonly imageId: string;
  readonly store: string;
  /** The upload id of this copy; changes with each try, so that names of data are never used again. */
  readonly copyId: string;
  readonly state: 'importing' | 'ready' | 'failed';
  /** The import that made it, or makes it. */
  readonly importId: string;
}

export const listCopies = async (db: Knex, imageIds: readonly string[]): Promise<Copy[]> =>
  db<Copy>('image_copies').whereIn('imageId', imageIds).orderBy('store') as Promise<Copy[]>;

/** Copies whose data exists or is being written, in one store. */
export const listCopiesIn = async (db: Knex, store: string): Promise<Copy[]> =>
  db<Copy>('image_copies').where({ store }).whereNot({ state: 'failed' }) as Promise<Copy[]>;

/** Forgets what failed before. */
export async function insertCopies(tx: Knex, rows: readonly Copy[]): Promise<void> {
  for (const { imageId } of rows.slice(0, 1))
    await tx<Copy>('image_copies').where({ imageId, state: 'failed' }).delete();
  await tx<Copy>('image_copies').insert([...rows]);
}

/** Returns false when the image was deleted meanwhile. */
export async function updateCopy(
  tx: Knex,
  { imageId, store, importId }: Copy,
  change: Partial<Pick<Copy, 'copyId' | 'state'>>,
): Promise<boolean> {
  const copy = tx<Copy>('image_copies').where({ imageId, store, importId, state: 'importing' });
  return (await copy.update(change)) > 0;
}

export const deleteCopy = (tx: Knex, { imageId, store, copyId }: Copy) =>
  tx<Copy>('image_copies').where({ imageId, store, copyId }).delete();

/** Makes the copy the primary data of its image, in place of what the row of the image named. */
export async function promoteCopy(tx: Knex, copy: Copy): Promise<void> {
  await deleteCopy(tx, copy);
  const { imageId: id, store, copyId: uploadId } = copy;
  await tx<ImageRow>('images').where({ id, deletedAt: null }).update({ store, uploadId });
}
