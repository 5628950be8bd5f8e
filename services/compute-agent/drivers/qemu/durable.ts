/** Files that are whole after a power cut: a temporary name, fsync, rename. */
import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await renameDurably(fresh, path);
}

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  const folder = await open(dirname(to), 'r');
  await folder.sync().finally(() => folder.close());
}

/**
 * Opens what a guest's own user wrote. That user is not trusted: a link in the place of the file, or a file of
 * somebody else's, is taken as missing.
 */
export async function openOwnedBy(uid: number | null, path: string) {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => null);
  if (!file) return null;
  const stat = await file.stat();
  if (stat.isFile() && (uid === null || stat.uid === uid)) return file;
  await file.close();
  return null;
}
