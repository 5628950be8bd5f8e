/** Rows of images as an upload sees them: it may write only while it is the one that the row names. */
import type { Knex } from 'knex';
import type { ImageRow } from '../images/store.ts';

export interface Upload {
  readonly imageId: string;
  readonly id: string;
}

/** Both ids: each upload has a name of its own, and a person sees whose bytes they are. */
export const bytesName = (imageId: string, uploadId: string): string => `${imageId}.${uploadId}`;

const own = (db: Knex, { imageId, id }: Upload) =>
  db<ImageRow>('images').where({ id: imageId, uploadId: id, status: 'saving', deletedAt: null });

/** False when the image is not waiting for its bytes. */
export async function takeForUpload(db: Knex, { imageId, id }: Upload, untilMs: number): Promise<boolean> {
  const waiting = db<ImageRow>('images').where({ id: imageId, status: 'queued', deletedAt: null });
  return (await waiting.update({ status: 'saving', uploadId: id, uploadUntil: untilMs })) > 0;
}

/** False when the image was deleted, or the upload was taken for dead. */
export const renewUpload = async (db: Knex, upload: Upload, untilMs: number): Promise<boolean> =>
  (await own(db, upload).update({ uploadUntil: untilMs })) > 0;

export const finishUpload = async (db: Knex, upload: Upload, found: Partial<ImageRow>): Promise<boolean> =>
  (await own(db, upload).update({ ...found, status: 'active', uploadUntil: null, updatedAt: Date.now() })) > 0;

/** The image waits for its bytes again. */
export const giveUpUpload = (db: Knex, upload: Upload) =>
  own(db, upload).update({ status: 'queued', uploadId: null, uploadUntil: null });

/** Uploads whose process is gone. */
export const endDeadUploads = (db: Knex, nowMs: number) =>
  db<ImageRow>('images')
    .where({ status: 'saving' })
    .where('uploadUntil', '<', nowMs)
    .update({ status: 'queued', uploadId: null, uploadUntil: null });

/** Of these images, the names of bytes that somebody still wants. */
export async function wantedBytes(db: Knex, imageIds: readonly string[]): Promise<Set<string>> {
  const rows = db<ImageRow>('images').whereIn('id', imageIds).where({ deletedAt: null }).whereNotNull('uploadId');
  const found = (await rows.select('id', 'uploadId')) as { id: string; uploadId: string }[];
  return new Set(found.map(({ id, uploadId }) => bytesName(id, uploadId)));
}

export const forgetDeleted = (db: Knex, beforeMs: number) =>
  db<ImageRow>('images').where('deletedAt', '<', beforeMs).delete();
