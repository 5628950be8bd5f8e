/** The config drive: an ISO that a guest finds by its label. Written once, so that the guest's metadata does not change. */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { FileContent } from '#shared/contracts/compute-agent.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { run } from '#shared/process/run.ts';
import { chownTo } from './disks.ts';
import { guestPaths, type StatePaths } from './paths.ts';

export async function ensureConfigDrive(
  places: StatePaths,
  { id, uid, files }: { id: string; uid: number | null; files: Readonly<Record<string, FileContent>> },
): Promise<void> {
  const path = places.of(id, guestPaths.configDrive);
  const tree = places.of(id, guestPaths.configTree);
  await rm(tree, { recursive: true, force: true }); // left by a crash
  if (await stat(path).catch(() => null)) return;
  try {
    await mkdir(tree, { mode: 0o700 });
    for (const [name, content] of Object.entries(files)) await writeBelow(tree, name, content);
    const names = ['-allow-lowercase', '-allow-multidot', '-l', '-ldots', '-J', '-r'];
    await run(['genisoimage', '-quiet', '-o', `${path}.new`, '-V', 'config-2', ...names, tree], {
      env: { LC_ALL: 'C' },
    });
    await chownTo(uid, `${path}.new`);
    await renameDurably(`${path}.new`, path);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function writeBelow(tree: string, name: string, content: FileContent): Promise<void> {
  const path = normalize(join(tree, name));
  if (!path.startsWith(`${tree}/`)) throw new Error(`invalid file name of a config drive: ${JSON.stringify(name)}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : Buffer.from(content.base64, 'base64'));
}
