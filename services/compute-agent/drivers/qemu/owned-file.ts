import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Opens a file that a guest's user wrote. That user is not trusted: a symbolic link, or a file of
 * another user, counts as missing.
 */
export async function openOwnedBy(uid: number | null, path: string) {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => null);
  if (!file) return null;
  const stat = await file.stat();
  if (stat.isFile() && (uid === null || stat.uid === uid)) return file;
  await file.close();
  return null;
}
