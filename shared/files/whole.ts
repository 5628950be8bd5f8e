/** Files that are whole or not there, also after a power cut: a temporary name, the disk's word, then the real name. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The temporary name ends in `.part`: what a dead process left is known by it. Safe to run at once for one file. */
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

/** A reader sees the old text or the new one. */
export const writeWhole = (path: string, text: string, mode?: number): Promise<void> =>
  publish(path, (file) => file.writeFile(text), mode);

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  await directory.sync().finally(() => directory.close());
}
