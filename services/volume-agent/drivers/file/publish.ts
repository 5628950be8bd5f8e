/** Files that are whole or not there: a temporary name, the disk's word, then the real name. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '#shared/errors/fault.ts';

/** The name ends in `.part`: what a dead process left is known by it. */
export async function publish(path: string, fill: (file: FileHandle, part: string) => Promise<unknown>): Promise<void> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    const file = await open(part, 'wx+', 0o600);
    try {
      await fill(file, part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(part, { force: true });
    throw isFull(error) ? noSpace() : error;
  }
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  await directory.sync().finally(() => directory.close());
}

/** From the kernel, or in the words of a child process. */
export const isFull = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof Fault) &&
  /ENOSPC|EDQUOT|No space left on device|quota exceeded/i.test(error.message);

export const noSpace = () => new Fault(507, 'insufficientStorage', 'the disk is full, nothing was written');
