import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

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
