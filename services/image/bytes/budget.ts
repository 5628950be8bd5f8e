/** Reserves space for an upload before it is written: of the project's quota, in the image's row, and of the disk. */
import { Fault, tooLarge } from '#shared/errors/fault.ts';
import type { Reservation } from '#shared/files/room.ts';
import type { Images } from '../context.ts';
import type { ImageBytes } from '../drivers/image-bytes.ts';
import type { Image } from '../images/store.ts';
import { lockOwner, usedBytes } from '../quotas/store.ts';
import { addReserved, type Upload } from './store.ts';

const GiB = 1024 ** 3;
/** Quota is reserved in steps, one transaction each; a small quota in smaller steps, so that concurrent uploads get a share. */
const stepBytes = 16 * 1024 ** 2;

export interface Budget {
  /**
   * Reserves the quota for the announced length, and checks that the disk has the space without reserving it: a client
   * that announces much and sends nothing must not block other uploads.
   */
  announce(totalBytes: number): Promise<void>;
  /** Reserves space for `totalBytes` in all; throws 413 when there is none. */
  ensureReserved(totalBytes: number): Promise<void>;
  wrote(bytes: number): void;
  /** Releases what was not used on the disk; the quota in the row is released when the upload ends. */
  release(): void;
}

export const imageTooLarge = (roomBytes: number) =>
  tooLarge(
    `The incoming image is too large: there are ${roomBytes} bytes left for it, by the quota of its project or by the largest size of an image.`,
  );

export const imageGone = (id: string) =>
  new Fault(
    410,
    'gone',
    `Image ${id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`,
  );

interface Spending {
  readonly image: Image;
  readonly upload: Upload;
  readonly bytes: ImageBytes;
}

/** Throws 413 when the disk is full. */
export async function openBudget({ db, config }: Images, { image, upload, bytes }: Spending): Promise<Budget> {
  const quota = config.storageGb * GiB;
  const largest = config.largestGb * GiB;
  const disk: Reservation = await bytes.reserve(0);
  let [reserved, onDisk] = [0, 0];

  /** Returns the number of bytes reserved: one step, or what is left of the quota. */
  const reserve = (needed: number): Promise<number> =>
    db.transaction(async (tx) => {
      await lockOwner(tx, image.owner);
      const left = Math.max(0, quota - (await usedBytes(tx, image.owner)));
      if (needed > left) throw imageTooLarge(reserved + left);
      const step = Math.ceil(Math.min(left, Math.max(needed, Math.min(stepBytes, quota / 16))));
      if (!(await addReserved(tx, upload, step))) throw imageGone(image.id);
      return step;
    });
  const ensureQuota = async (total: number): Promise<void> => {
    if (total > largest) throw imageTooLarge(largest);
    if (quota > 0 && total > reserved) reserved += await reserve(total - reserved);
  };
  const announce = async (total: number): Promise<void> => {
    await ensureQuota(total);
    (await bytes.reserve(total)).release();
  };
  const ensureReserved = async (total: number): Promise<void> => {
    await ensureQuota(total);
    if (total > onDisk) await disk.grow(total - onDisk);
    onDisk = Math.max(total, onDisk);
  };
  return { announce, ensureReserved, wrote: disk.wrote, release: disk.release };
}
