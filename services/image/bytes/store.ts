/** Rows of images during an upload: an upload may update the row only while the row names it. */
import type { Knex } from 'knex';
import { type Copy, listCopiesIn } from '../copies/store.ts';
import type { ImageRow } from '../images/store.ts';

export interface Upload {
  readonly imageId: string;
  readonly id: string;
}

/** Contains both ids: unique per upload, and readable for operators. */
export const bytesName = (imageId: string, uploadId: string): string => `${imageId}.${uploadId}`;

/** The status during an upload: `saving` and `importing` lead to active, `uploading` to staged data for an import. */
export type UploadStatus = 'saving' | 'uploading' | 'importing';
export const uploadStatuses: readonly UploadStatus[] = ['saving', 'uploading', 'importing'];

/** Size and digests of the received data, and the store that has it. */
export type ContentInfo = Pick<ImageRow, 'size' | 'virtualSize' | 'checksum' | 'osHashAlgo' | 'osHashValue' | 'store'>;

const activeUpload = (db: Knex, { imageId, id }: Upload) =>
  db<ImageRow>('images').where({ id: imageId, uploadId: id, deletedAt: null }).whereIn('status', uploadStatuses);

/** Returns false when the image is not queued, or its formats differ from those read before, which the data is checked against. */
export async function acquireForUpload(
  db: Knex,
  { id: imageId, diskFormat, containerFormat }: Pick<ImageRow, 'id' | 'diskFormat' | 'containerFormat'>,
  id: string,
  status: UploadStatus,
): Promise<boolean> {
  const waiting = { id: imageId, status: 'queued', deletedAt: null, diskFormat, containerFormat } as const;
  const acquired = { status, uploadId: id, uploadUntil: 1, staged: null, reservedBytes: 0 };
  return (await db<ImageRow>('images').where(waiting).update(acquired)) > 0;
}

/** Returns false when the image was deleted or the lease of the upload expired. */
export const addReserved = async (tx: Knex, upload: Upload, bytes: number): Promise<boolean> =>
  (await activeUpload(tx, upload).increment('reservedBytes', bytes)) > 0;

/** Returns false when the image was deleted or the lease of the upload expired. */
export const renewUpload = async (db: Knex, upload: Upload): Promise<boolean> =>
  (await activeUpload(db, upload).increment('uploadUntil', 1)) > 0;

const activeColumns = (content: ContentInfo) =>
  ({
    ...content,
    status: 'active',
    uploadUntil: null,
    staged: null,
    reservedBytes: null,
    updatedAt: Date.now(),
  }) as const;

/** Staged data does not expire: it is kept until its import or the deletion of the image. */
export async function finishUpload(
  db: Knex,
  upload: Upload,
  isStaged: boolean,
  content: ContentInfo,
): Promise<boolean> {
  const kept = { size: content.size, staged: JSON.stringify(content), uploadUntil: null, reservedBytes: null };
  const staged = { ...kept, updatedAt: Date.now() };
  return (await activeUpload(db, upload).update(isStaged ? staged : activeColumns(content))) > 0;
}

/** Returns false when the image has no staged data. */
export async function activateStaged(db: Knex, { id, staged, uploadId }: ImageRow): Promise<boolean> {
  if (staged === null || uploadId === null) return false;
  const waiting = activeUpload(db, { imageId: id, id: uploadId }).whereNotNull('staged');
  return (await waiting.update(activeColumns(JSON.parse(staged) as ContentInfo))) > 0;
}

/** Staged data is being copied to the stores of its import. Returns false when the image has no staged data. */
export async function beginImport(tx: Knex, { id, uploadId }: ImageRow): Promise<boolean> {
  const waiting = activeUpload(tx, { imageId: id, id: uploadId ?? '' }).where({ status: 'uploading' });
  return (await waiting.whereNotNull('staged').update({ status: 'importing', updatedAt: Date.now() })) > 0;
}

const nothing = {
  uploadId: null,
  uploadUntil: null,
  staged: null,
  reservedBytes: null,
  size: null,
  store: null,
} as const;
const backToQueued = { ...nothing, status: 'queued' } as const;

/** Sets the image back to queued; for an image deleted meanwhile, releases the quota. False when the upload has ended or, since `renewal`, was renewed. */
export async function resetUpload(db: Knex, upload: Upload, renewal: { uploadUntil?: number } = {}): Promise<boolean> {
  if ((await activeUpload(db, upload).where(renewal).update(backToQueued)) > 0) return true;
  const deleted = db<ImageRow>('images').where({ id: upload.imageId, uploadId: upload.id }).whereNotNull('deletedAt');
  return (await deleted.where(renewal).update({ uploadUntil: null, reservedBytes: null })) > 0;
}

/** Uploads with a lease, also those of images that were deleted meanwhile. */
export const listUploads = async (db: Knex): Promise<(Upload & { readonly uploadUntil: number })[]> =>
  db<ImageRow>('images').whereNotNull('uploadUntil').select({ imageId: 'id', id: 'uploadId' }, 'uploadUntil');

/** The names of data that rows of these images refer to. */
export async function referencedNames(db: Knex, imageIds: readonly string[]): Promise<Set<string>> {
  const rows = db<ImageRow>('images').whereIn('id', imageIds).where({ deletedAt: null }).whereNotNull('uploadId');
  const found = (await rows.select('id', 'uploadId')) as { id: string; uploadId: string }[];
  const copies = await db<Copy>('image_copies').whereIn('imageId', imageIds).whereNot({ state: 'failed' });
  const names = found.map(({ id, uploadId }) => bytesName(id, uploadId));
  return new Set([...names, ...copies.map(({ imageId, copyId }) => bytesName(imageId, copyId))]);
}

/** The names of data that all rows refer to; whole once the upload has ended. */
export async function listDataNames(db: Knex, store: string): Promise<{ name: string; isWhole: boolean }[]> {
  const rows = db<ImageRow>('images').where({ deletedAt: null }).whereNotNull('uploadId');
  const here = rows.where((either) => either.where({ store }).orWhereNull('store')); // an upload has no store before its end
  const found = await here.select('id', 'uploadId', 'store');
  const copies = await listCopiesIn(db, store);
  return [
    ...found.map((each) => ({ name: bytesName(each.id, String(each.uploadId)), isWhole: each.store !== null })),
    ...copies.map((copy) => ({ name: bytesName(copy.imageId, copy.copyId), isWhole: copy.state === 'ready' })),
  ];
}

export const purgeDeleted = (db: Knex, beforeMs: number) =>
  db<ImageRow>('images').where('deletedAt', '<', beforeMs).delete();
