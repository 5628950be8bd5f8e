/**
 * Atomic and durable writes: a file is written under a temporary name, synced, and renamed, so that it is complete or absent,
 * also after a power cut.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/**
 * Writes a file through `fill`. The temporary name ends in `.part`, by which leftovers of a dead process are recognised.
 * Safe to run concurrently for one path; `mode` is 0600 by default, whatever the umask is.
 */
export async function publish(
  path: string,
  fill: (file: FileHandle, part: string) => Promise<unknown>,
  mode = 0o600,
): Promise<void> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    const file = await open(part, 'wx+', mode);
    try {
      await file.chmod(mode); // whatever the umask is
      await fill(file, part);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameDurably(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Replaces the content of a file: a reader sees the old text or the new one. */
export const writeWhole = (path: string, text: string, mode?: number): Promise<void> =>
  publish(path, (file) => file.writeFile(text), mode);

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

const fsync = promisify(fs.fsync);

/** Only the sync runs in the thread pool: opening and closing a directory do not wait for the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const fd = fs.openSync(path, 'r');
  await fsync(fd).finally(() => fs.closeSync(fd));
}

export function syncDirectorySync(path: string): void {
  const fd = fs.openSync(path, 'r');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}
