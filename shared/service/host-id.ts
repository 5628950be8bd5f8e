import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '#shared/files/whole.ts';

/** Returns the id of this host, which stays the same when the host is renamed. Creates it in the directory if necessary. */
export async function ensureHostId(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'host-id');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known !== '') return known.trim();
  const fresh = randomUUID();
  await writeWhole(path, `${fresh}\n`);
  return fresh;
}
