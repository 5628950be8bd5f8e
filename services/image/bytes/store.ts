/** Rows of images as an upload sees them: it may write only while it is the one that the row names. */
import type { Knex } from 'knex';
import type { ImageRow } from '../images/store.ts';

export interface Upload {
  readonly imageId: string;
  readonly id: string;
}

/** Both ids: each upload has a name of its own, and a person sees whose bytes they are. */
export const bytesName = (imageId: string, uploadId: string): string => `${imageId}.${uploadId}`;

/** Straight to active, or staged: then an import makes it active. */
export type Filling = 'saving' | 'uploading';
const fillings: readonly Filling[] = ['saving', 'uploading'];

/** What an upload found out of the bytes. */
export type Found = Pick<ImageRow, 'size' | 'virtualSize' | 'checksum' | 'osHashAlgo' | 'osHashValue'>;

const own = (db: Knex, { imageId, id }: Upload) =>
  db<ImageRow>('images').where({ id: imageId, uploadId: id, deletedAt: null }).whereIn('status', fillings);

/** False when the image is not waiting for its bytes, or is not what was seen: its formats decide how they are judged. */
export async function acquireForUpload(
  db: Knex,
  { id: imageId, diskFormat, containerFormat }: Pick<ImageRow, 'id' | 'diskFormat' | 'containerFormat'>,
  id: string,
  status: Filling,
  untilMs: number,
): Promise<boolean> {
  const waiting = { id: imageId, status: 'queued', deletedAt: null, diskFormat, containerFormat } as const;
  const taken = { status, uploadId: id, uploadUntil: untilMs, staged: null, reservedBytes: 0 };
  return (await db<ImageRow>('images').where(waiting).update(taken)) > 0;
}

/** False when the image was deleted, or the upload was taken for dead. */
export const addReserved = async (tx: Knex, upload: Upload, bytes: number): Promise<boolean> =>
  (await own(tx, upload).increment('reservedBytes', bytes)) > 0;

/** False when the image was deleted, or the upload was taken for dead. */
export const renewUpload = async (db: Knex, upload: Upload, untilMs: number): Promise<boolean> =>
  (await own(db, upload).update({ uploadUntil: untilMs })) > 0;

const whole = (found: Found) =>
  ({
    ...found,
    status: 'active',
    uploadUntil: null,
    staged: null,
    reservedBytes: null,
    updatedAt: Date.now(),
  }) as const;

/** Staged bytes have no deadline: they wait for their import, or for the image to be deleted. */
export async function finishUpload(db: Knex, upload: Upload, filling: Filling, found: Found): Promise<boolean> {
  const kept = { size: found.size, staged: JSON.stringify(found), uploadUntil: null, reservedBytes: null };
  const staged = { ...kept, updatedAt: Date.now() };
  return (await own(db, upload).update(filling === 'saving' ? whole(found) : staged)) > 0;
}

/** False when it is not staged, or not any more. */
export async function activateStaged(db: Knex, { id, staged, uploadId }: ImageRow): Promise<boolean> {
  if (staged === null || uploadId === null) return false;
  const waiting = own(db, { imageId: id, id: uploadId }).where({ status: 'uploading' }).whereNotNull('staged');
  return (await waiting.update(whole(JSON.parse(staged) as Found))) > 0;
}

const nothing = { uploadId: null, uploadUntil: null, staged: null, reservedBytes: null, size: null } as const;
const backToQueued = { ...nothing, status: 'queued' } as const;

/** The image waits for its bytes again; one that was deleted meanwhile no longer counts. */
export async function giveUpUpload(db: Knex, upload: Upload): Promise<void> {
  if ((await own(db, upload).update(backToQueued)) > 0) return;
  const deleted = db<ImageRow>('images').where({ id: upload.imageId, uploadId: upload.id }).whereNotNull('deletedAt');
  await deleted.update({ uploadUntil: null, reservedBytes: null });
}

/** Uploads whose process is gone. */
export const endDeadUploads = (db: Knex, nowMs: number) =>
  db<ImageRow>('images').whereIn('status', fillings).where('uploadUntil', '<', nowMs).update(backToQueued);

/** Of these images, the names of bytes that somebody still wants. */
export async function wantedBytes(db: Knex, imageIds: readonly string[]): Promise<Set<string>> {
  const rows = db<ImageRow>('images').whereIn('id', imageIds).where({ deletedAt: null }).whereNotNull('uploadId');
  const found = (await rows.select('id', 'uploadId')) as { id: string; uploadId: string }[];
  return new Set(found.map(({ id, uploadId }) => bytesName(id, uploadId)));
}

export const forgetDeleted = (db: Knex, beforeMs: number) =>
  db<ImageRow>('images').where('deletedAt', '<', beforeMs).delete();
