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
import { type Digest, digestPieces } from './digest.ts';
import {
  bytesName,
  type Filling,
  type Found,
  finishUpload,
  giveUpUpload,
  renewUpload,
  takeForUpload,
  type Upload,
  usedBytes,
} from './store.ts';

const GiB = 1024 ** 3;

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
  const room = await checkRoom(images, image, announced);
  const upload: Upload = { imageId: image.id, id: randomUUID() };
  if (!(await takeForUpload(images.db, upload, filling, Date.now() + images.config.leaseMs)))
    throw conflict(`Image status transition from ${image.status} to ${filling} is not allowed`);
  try {
    await fill(images, image, { ...upload, filling, room }, stream);
  } catch (error) {
    await giveUpUpload(images.db, upload);
    throw refusal(error);
  }
}

/** How many bytes it may have: less than the largest, when its project has not so many left. */
async function checkRoom(
  { db, bytes, config }: Images,
  { owner }: Image,
  announced: number | undefined,
): Promise<number> {
  const quota = config.storageGb * GiB;
  const left = quota > 0 ? Math.max(0, quota - (await usedBytes(db, owner))) : Number.POSITIVE_INFINITY;
  const room = Math.min(left, config.largestGb * GiB);
  if (announced === undefined) return room;
  if (announced > room) throw tooBig(room);
  if (announced > (await bytes.freeBytes())) throw full();
  return room;
}

interface Way extends Upload {
  readonly filling: Filling;
  /** In bytes. */
  readonly room: number;
}

async function fill(images: Images, image: Image, upload: Way, stream: Readable): Promise<void> {
  const { db, bytes, config } = images;
  const name = bytesName(image.id, upload.id);
  const fresh = await bytes.begin(name);
  const lease = holdUpload(images, upload, stream);
  try {
    const found = await pour(image, fresh, upload.room, stream);
    await fresh.keep();
    if (await finishUpload(db, upload, upload.filling, found)) return;
    await bytes.remove(name);
    throw lostImage(image.id);
  } catch (error) {
    if (!(await renewUpload(db, upload, Date.now() + config.leaseMs))) throw lostImage(image.id);
    throw error;
  } finally {
    await fresh.drop();
    await lease.close();
  }
}

async function pour(image: Image, fresh: NewBytes, room: number, stream: Readable): Promise<Found> {
  const checked = image.containerFormat === 'bare' ? (image.diskFormat as string) : undefined;
  const digest = await digestPieces(stream, async (piece, offset) => {
    if (offset + piece.length > room) throw tooBig(room);
    if (offset === 0 && checked !== undefined && tellsEarly(checked)) await checkFormat(bytesOf(piece), checked);
    await fresh.write(piece);
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

const lostImage = (id: string) =>
  new Fault(
    410,
    'gone',
    `Image ${id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`,
  );
const full = () => tooLarge('Image storage media is full: There is not enough disk space on the image storage media.');
const tooBig = (roomBytes: number) =>
  tooLarge(
    `The incoming image is too large: there are ${roomBytes} bytes left for it, by the quota of its project or by the largest size of an image.`,
  );

/** What the caller may hear of what went wrong. */
function refusal(error: unknown): unknown {
  if (error instanceof BadImage) return new Fault(415, 'badMediaType', `The image is refused: ${error.message}.`);
  const { code } = error as { code?: string };
  if (code === 'ENOSPC' || code === 'EDQUOT') return full();
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return badRequest('The upload ended before its end.');
  return error;
}
