/** Checks on disk files: their sizes, what they refer to, and a full disk of the host. */
import { open } from 'node:fs/promises';
import { Fault } from '#shared/errors/fault.ts';
import { inspectOverlay } from '#shared/images/qcow2.ts';
import { messageOf } from '#shared/images/qemu-img.ts';
import { BadImage, fileBytes } from '#shared/images/reader.ts';
import { CommandFailed } from '#shared/process/run.ts';

/** For a disk that a guest could modify outside its own QEMU: throws a Fault when it refers to data elsewhere. */
export async function checkOverlay(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await inspectOverlay(await fileBytes(file));
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    throw new Fault(409, 'conflict', `The disk is not used: ${error.message}.`);
  } finally {
    await file.close();
  }
}

/** Reads the header, or the length of a raw file. Only for files that the agent created or inspected. */
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

/** Turns errors about the content of an image into a Fault, since a retry reads the same bytes. */
export async function faultOnBadImage<T>(imageId: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isNoSpace(error)) throw error;
    if (error instanceof BadImage) throw new Fault(409, 'conflict', `Image ${imageId} is not used: ${error.message}.`);
    if (error instanceof CommandFailed)
      throw new Fault(409, 'conflict', `Image ${imageId} cannot be read: ${messageOf(error)}`);
    throw error;
  }
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as NodeJS.ErrnoException).code === 'ENOSPC' ||
    /No space left on device|Disk quota exceeded/.test(error.message));

/** Turns a full disk into a Fault, since a retry does not free space. */
export async function faultOnFullDisk<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    throw new Fault(507, 'insufficientStorage', `No space is left on the disk of this host for ${what}.`);
  }
}
