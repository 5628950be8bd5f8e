/** The config drive: an ISO that a guest finds by its label. Written once, so that a guest's first facts stay. */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { FileContent } from '#shared/contracts/compute-agent.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { run } from '#shared/process/run.ts';
import { giveTo } from './disks.ts';
import { type Places, within } from './paths.ts';

export async function ensureConfigDrive(
  places: Places,
  { id, uid, files }: { id: string; uid: number | null; files: Readonly<Record<string, FileContent>> },
): Promise<void> {
  const path = places.of(id, within.configDrive);
  const tree = places.of(id, within.configTree);
  await rm(tree, { recursive: true, force: true }); // left by who died here
  if (await stat(path).catch(() => null)) return;
  try {
    await mkdir(tree, { mode: 0o700 });
    for (const [name, content] of Object.entries(files)) await writeBelow(tree, name, content);
    const names = ['-allow-lowercase', '-allow-multidot', '-l', '-ldots', '-J', '-r'];
    await run(['genisoimage', '-quiet', '-o', `${path}.new`, '-V', 'config-2', ...names, tree], {
      env: { LC_ALL: 'C' },
    });
    await giveTo(uid, `${path}.new`);
    await renameDurably(`${path}.new`, path);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function writeBelow(tree: string, name: string, content: FileContent): Promise<void> {
  const path = normalize(join(tree, name));
  if (!path.startsWith(`${tree}/`)) throw new Error(`no file of a config drive is named ${JSON.stringify(name)}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : Buffer.from(content.base64, 'base64'));
}
