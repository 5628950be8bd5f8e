/** From queued over saving to active, or to bytes that are staged; or back to queued, and no byte left. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { every } from '#shared/clock/every.ts';
import { badRequest, conflict, Fault, tooLarge } from '#shared/errors/fault.ts';
import { checkFormat, inspect, tellsEarly } from '#shared/images/inspect.ts';
import { BadImage, bytesOf } from '#shared/images/reader.ts';
import type { Images } from '../context.ts';
import type { NewBytes } from '../drivers/image-bytes.ts';
import type { Image } from '../images/store.ts';
import { checkUploadCount } from '../quotas/limits.ts';
import { type Budget, lostImage, openBudget } from './budget.ts';
import { type Digest, digestPieces } from './digest.ts';
import {
  acquireForUpload,
  bytesName,
  type Filling,
  type Found,
  finishUpload,
  giveUpUpload,
  renewUpload,
  type Upload,
} from './store.ts';

/** `announced` is the number of bytes the caller promises, when it does. */
export async function uploadImage(
  images: Images,
  image: Image,
  stream: Readable,
  announced: number | undefined,
  filling: Filling = 'saving',
): Promise<void> {
  if (image.diskFormat === null || image.containerFormat === null)
    throw badRequest('Properties disk_format, container_format must be set prior to saving data.');
  checkUnsigned(image);
  const upload: Upload = { imageId: image.id, id: randomUUID() };
  const budget = await openBudget(images, image, upload).catch((error: unknown) => {
    throw refusal(error);
  });
  try {
    await beginUpload(images, image, upload, filling);
    const filled = fill(images, image, { ...upload, filling, budget, announced: announced ?? 0 }, stream);
    await filled.catch((error: unknown) => giveUp(images, upload, error));
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

/** Glance verifies an image that has all four; there is no key manager here that could give the certificate. */
function checkUnsigned({ properties }: Image): void {
  if (signature.every((name) => Object.hasOwn(properties, name)))
    throw badRequest(
      `The signature of the image cannot be verified here: remove ${signature.join(', ')} to upload it unsigned.`,
    );
}

/** Throws what the caller may hear. When even the row cannot be written, the sweep ends the upload. */
async function giveUp({ db, log }: Images, upload: Upload, error: unknown): Promise<never> {
  await giveUpUpload(db, upload).catch((failed: unknown) => {
    log.warn({ image: upload.imageId, error: failed }, 'an upload that failed is left for the sweep');
  });
  throw refusal(error);
}

async function beginUpload({ db, config }: Images, image: Image, { id }: Upload, filling: Filling): Promise<void> {
  await db.transaction(async (tx) => {
    await checkUploadCount(tx, config, image.owner);
    if (await acquireForUpload(tx, image, id, filling, Date.now() + config.leaseMs)) return;
    throw conflict(`Image status transition from ${image.status} to ${filling} is not allowed`);
  });
}

interface Method extends Upload {
  readonly filling: Filling;
  readonly budget: Budget;
  readonly announced: number;
}

async function fill(images: Images, image: Image, upload: Method, stream: Readable): Promise<void> {
  const { db, bytes, config } = images;
  await upload.budget.announce(upload.announced);
  const name = bytesName(image.id, upload.id);
  const fresh = await bytes.begin(name);
  const lease = holdUpload(images, upload, stream);
  try {
    const found = await readBlocks(image, fresh, upload.budget, stream);
    await fresh.keep();
    if (await finishUpload(db, upload, upload.filling, found)) return;
    await bytes.remove(name);
    throw lostImage(image.id);
  } catch (error) {
    const isHere = await renewUpload(db, upload, Date.now() + config.leaseMs).catch(() => true);
    throw isHere ? error : lostImage(image.id);
  } finally {
    await fresh.drop();
    await lease.close();
  }
}

async function readBlocks(image: Image, fresh: NewBytes, budget: Budget, stream: Readable): Promise<Found> {
  const checked = image.containerFormat === 'bare' ? (image.diskFormat as string) : undefined;
  const digest = await digestPieces(stream, async (piece, offset) => {
    await budget.cover(offset + piece.length);
    if (offset === 0 && checked !== undefined && tellsEarly(checked)) await checkFormat(bytesOf(piece), checked);
    await fresh.write(piece);
    budget.wrote(piece.length);
  });
  const virtualSize = checked === undefined ? null : await inspect({ size: digest.size, read: fresh.read }, checked);
  return { ...said(digest), virtualSize };
}

const said = ({ size, md5, sha512 }: Digest) => ({
  size,
  checksum: md5,
  osHashAlgo: 'sha512',
  osHashValue: sha512,
});

/** Says that the upload lives; ends the stream when the image is gone. */
function holdUpload({ db, config, log }: Images, upload: Upload, stream: Readable) {
  const renew = async () => {
    if (await renewUpload(db, upload, Date.now() + config.leaseMs)) return;
    stream.destroy(new Error('the image went away during its upload'));
  };
  return every(config.leaseMs / 3, renew, (error) => {
    log.warn({ image: upload.imageId, error }, 'an upload could not say that it lives');
  });
}

const full = () => tooLarge('Image storage media is full: There is not enough disk space on the image storage media.');
/** What the caller may hear of what went wrong. */
function refusal(error: unknown): unknown {
  if (error instanceof BadImage) return new Fault(415, 'badMediaType', `The image is refused: ${error.message}.`);
  const { code } = error as { code?: string };
  if (code === 'ENOSPC' || code === 'EDQUOT') return full();
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return badRequest('The upload ended before its end.');
  return error;
}
