/** An upload: from queued to active or staged; on failure back to queued, without data. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Knex } from 'knex';
import { every } from '#shared/clock/every.ts';
import { badRequest, conflict, Fault, tooLarge } from '#shared/errors/fault.ts';
import { checkFormat, inspect, isDetectableEarly } from '#shared/images/inspect.ts';
import { BadImage, bytesOf } from '#shared/images/reader.ts';
import type { Images } from '../context.ts';
import { type Digest, digestBlocks } from '../drivers/digest.ts';
import type { ImageBytes, NewBytes } from '../drivers/image-bytes.ts';
import type { Image } from '../images/store.ts';
import { checkLimit } from '../quotas/limits.ts';
import { type Budget, imageGone, openBudget } from './budget.ts';
import {
  acquireForUpload,
  bytesName,
  type ContentInfo,
  finishUpload,
  renewUpload,
  resetUpload,
  type Upload,
  type UploadStatus,
} from './store.ts';

interface UploadOptions {
  readonly status: UploadStatus;
  /** Where the data goes; by default to the first store. */
  readonly store?: string | undefined;
  /** The data is kept for an import; the image is not active yet. */
  readonly isStaged?: boolean;
  /** More for the transaction that ends the upload. */
  readonly then?: (tx: Knex) => Promise<void>;
}

/** `announced` is the content length, if the client sent one. Throws 400 for an unknown store. */
export async function uploadImage(
  images: Images,
  image: Image,
  stream: Readable,
  announced: number | undefined,
  options: UploadOptions = { status: 'saving' },
): Promise<void> {
  if (image.diskFormat === null || image.containerFormat === null)
    throw badRequest('Properties disk_format, container_format must be set prior to saving data.');
  checkUnsigned(image);
  const { status: uploadStatus, store = images.stores.usual } = options;
  const bytes = images.stores.get(store);
  const upload: Upload = { imageId: image.id, id: randomUUID() };
  const budget = await openBudget(images, { image, upload, bytes }).catch((error: unknown) => {
    throw refusal(error);
  });
  try {
    await beginUpload(images, image, upload, uploadStatus);
    const filled = receive(
      images,
      image,
      { ...upload, ...options, budget, bytes, store, announced: announced ?? 0 },
      stream,
    );
    await filled.catch((error: unknown) => failUpload(images, upload, error));
  } finally {
    budget.release();
  }
}

const signature = [
  'img_signature',
  'img_signature_hash_method',
  'img_signature_key_type',
  'img_signature_certificate_uuid',
];

/** Glance verifies the signature of an image with all four properties; without a key manager it is refused. */
function checkUnsigned({ properties }: Image): void {
  if (signature.every((name) => Object.hasOwn(properties, name)))
    throw badRequest(
      `The signature of the image cannot be verified here: remove ${signature.join(', ')} to upload it unsigned.`,
    );
}

/** Sets the image back to queued and throws the error for the client. When the row cannot be written, the sweep does it. */
async function failUpload({ db, log }: Images, upload: Upload, error: unknown): Promise<never> {
  await resetUpload(db, upload).catch((failed: unknown) => {
    log.warn({ image: upload.imageId, error: failed }, 'a failed upload could not be reset, the sweep retries');
  });
  throw refusal(error);
}

async function beginUpload(
  { db, config }: Images,
  image: Image,
  { id }: Upload,
  uploadStatus: UploadStatus,
): Promise<void> {
  await db.transaction(async (tx) => {
    await checkLimit(tx, config, image.owner, 'image_count_uploading');
    if (await acquireForUpload(tx, image, id, uploadStatus)) return;
    throw conflict(`Image status transition from ${image.status} to ${uploadStatus} is not allowed`);
  });
}

interface ReceivedUpload extends Upload, UploadOptions {
  readonly budget: Budget;
  readonly bytes: ImageBytes;
  readonly store: string;
  readonly announced: number;
}

async function receive(images: Images, image: Image, upload: ReceivedUpload, stream: Readable): Promise<void> {
  const { db } = images;
  const { bytes, store } = upload;
  await upload.budget.announce(upload.announced);
  const name = bytesName(image.id, upload.id);
  const file = await bytes.begin(name);
  const lease = keepLeaseRenewed(images, upload, stream);
  try {
    const content = await writeContent(image, file, upload.budget, stream);
    await file.publish();
    if (await endUpload(images, upload, { ...content, store })) return;
    await bytes.remove(name);
    throw imageGone(image.id);
  } catch (error) {
    const exists = await renewUpload(db, upload).catch(() => true);
    throw exists ? error : imageGone(image.id);
  } finally {
    await file.discard();
    await lease.close();
  }
}

/** Returns false when the image was deleted or the lease expired. */
const endUpload = ({ db }: Images, upload: ReceivedUpload, content: ContentInfo): Promise<boolean> =>
  db.transaction(async (tx) => {
    if (!(await finishUpload(tx, upload, upload.isStaged ?? false, content))) return false;
    await upload.then?.(tx);
    return true;
  });

async function writeContent(
  image: Image,
  file: NewBytes,
  budget: Budget,
  stream: Readable,
): Promise<Omit<ContentInfo, 'store'>> {
  const checked = image.containerFormat === 'bare' ? (image.diskFormat as string) : undefined;
  const digest = await digestBlocks(stream, async (block, offset) => {
    await budget.ensureReserved(offset + block.length);
    if (offset === 0 && checked !== undefined && isDetectableEarly(checked)) await checkFormat(bytesOf(block), checked);
    await file.write(block);
    budget.wrote(block.length);
  });
  const virtualSize = checked === undefined ? null : await inspect({ size: digest.size, read: file.read }, checked);
  return { ...digestColumns(digest), virtualSize };
}

const digestColumns = ({ size, md5, sha512 }: Digest) => ({
  size,
  checksum: md5,
  osHashAlgo: 'sha512',
  osHashValue: sha512,
});

/** Renews the lease while the upload runs; destroys the stream when the image was deleted. */
function keepLeaseRenewed({ db, config, log }: Images, upload: Upload, stream: Readable) {
  const renew = async () => {
    if (await renewUpload(db, upload)) return;
    stream.destroy(new Error('the image was deleted during its upload'));
  };
  return every(config.leaseMs / 3, renew, (error) => {
    log.warn({ image: upload.imageId, error }, 'the lease of an upload could not be renewed');
  });
}

const full = () => tooLarge('Image storage media is full: There is not enough disk space on the image storage media.');
/** Translates an error into a Fault for the client. */
function refusal(error: unknown): unknown {
  if (error instanceof BadImage) return new Fault(415, 'badMediaType', `The image is refused: ${error.message}.`);
  const { code } = error as { code?: string };
  if (code === 'ENOSPC' || code === 'EDQUOT') return full();
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return badRequest('The upload ended before its end.');
  return error;
}
