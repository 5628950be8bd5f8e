/** What the agent knows of the files of disks: their sizes, what they lead to, and a full disk of the host. */
import { open } from 'node:fs/promises';
import { Fault } from '#shared/errors/fault.ts';
import { inspectOverlay } from '#shared/images/qcow2.ts';
import { wordsOf } from '#shared/images/qemu-img.ts';
import { BadImage, fileBytes } from '#shared/images/reader.ts';
import { CommandFailed } from '#shared/process/run.ts';

/** For a disk that its guest could write to, also past its own QEMU: throws a Fault when it leads to other data now. */
export async function checkOverlay(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await inspectOverlay(await fileBytes(file));
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    throw new Fault(409, 'conflict', `The disk is not touched: ${error.message}.`);
  } finally {
    await file.close();
  }
}

/** Read from the file's own head, or its length: for files that we made or inspected. */
export async function virtualBytes(path: string, format: 'qcow2' | 'raw'): Promise<number> {
  const file = await open(path, 'r');
  try {
    if (format === 'raw') return (await file.stat()).size;
    const { buffer } = await file.read(Buffer.alloc(32), 0, 32, 0);
    if (buffer.readUInt32BE(0) !== 0x514649fb) throw new Error(`${path} is no qcow2`);
    return Number(buffer.readBigUInt64BE(24));
  } finally {
    await file.close();
  }
}

/** What is wrong with an image is an answer: its bytes do not change. */
export async function readable<T>(imageId: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isNoSpace(error)) throw error;
    if (error instanceof BadImage) throw new Fault(409, 'conflict', `Image ${imageId} is not used: ${error.message}.`);
    if (error instanceof CommandFailed)
      throw new Fault(409, 'conflict', `Image ${imageId} cannot be read: ${wordsOf(error)}`);
    throw error;
  }
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as NodeJS.ErrnoException).code === 'ENOSPC' ||
    /No space left on device|Disk quota exceeded/.test(error.message));

/** A full disk is an answer: waiting does not empty it. */
export async function withSpace<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    throw new Fault(507, 'insufficientStorage', `No space is left on the disk of this host for ${what}.`);
  }
}
