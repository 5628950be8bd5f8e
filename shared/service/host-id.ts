import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '#shared/files/whole.ts';

/** A host is known by this, whatever its name becomes. Made once, in its agent's own directory. */
export async function ensureHostId(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'host-id');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known !== '') return known.trim();
  const fresh = randomUUID();
  await writeWhole(path, `${fresh}\n`);
  return fresh;
}
