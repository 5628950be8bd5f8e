/** What an upload may still write: of its project's quota, in its row, and of the disk. Both are reserved before a byte is written. */
import { Fault, tooLarge } from '#shared/errors/fault.ts';
import type { Reservation } from '#shared/files/room.ts';
import type { Images } from '../context.ts';
import type { Image } from '../images/store.ts';
import { lockOwner, usedBytes } from '../quotas/store.ts';
import { addReserved, type Upload } from './store.ts';

const GiB = 1024 ** 3;
/** Quota is taken in steps, for each is a transaction; small ones where there is little, for others come too. */
const stepBytes = 16 * 1024 ** 2;

export interface Budget {
  /**
   * What a caller says is coming: its project's quota is reserved. The disk is only looked at: who announces much and
   * sends nothing must not keep the room of all others.
   */
  announce(totalBytes: number): Promise<void>;
  /** Throws 413 unless it may write so many bytes in all. */
  cover(totalBytes: number): Promise<void>;
  wrote(bytes: number): void;
  /** Gives back what was not used on the disk; the row's part ends with the upload. */
  release(): void;
}

export const tooBig = (roomBytes: number) =>
  tooLarge(
    `The incoming image is too large: there are ${roomBytes} bytes left for it, by the quota of its project or by the largest size of an image.`,
  );

export const lostImage = (id: string) =>
  new Fault(
    410,
    'gone',
    `Image ${id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`,
  );

/** Throws 413 when the disk is full already. */
export async function openBudget(images: Images, image: Image, upload: Upload): Promise<Budget> {
  const { db, bytes, config } = images;
  const quota = config.storageGb * GiB;
  const largest = config.largestGb * GiB;
  const disk: Reservation = await bytes.reserve(0);
  let [reserved, onDisk] = [0, 0];

  /** Gives how many bytes were reserved: the step, or what is left when that is enough. */
  const reserve = (needed: number): Promise<number> =>
    db.transaction(async (tx) => {
      await lockOwner(tx, image.owner);
      const left = Math.max(0, quota - (await usedBytes(tx, image.owner)));
      if (needed > left) throw tooBig(reserved + left);
      const step = Math.ceil(Math.min(left, Math.max(needed, Math.min(stepBytes, quota / 16))));
      if (!(await addReserved(tx, upload, step))) throw lostImage(image.id);
      return step;
    });
  const coverQuota = async (total: number): Promise<void> => {
    if (total > largest) throw tooBig(largest);
    if (quota > 0 && total > reserved) reserved += await reserve(total - reserved);
  };
  const announce = async (total: number): Promise<void> => {
    await coverQuota(total);
    (await bytes.reserve(total)).release();
  };
  const cover = async (total: number): Promise<void> => {
    await coverQuota(total);
    if (total > onDisk) await disk.grow(total - onDisk);
    onDisk = Math.max(total, onDisk);
  };
  return { announce, cover, wrote: disk.wrote, release: disk.release };
}
