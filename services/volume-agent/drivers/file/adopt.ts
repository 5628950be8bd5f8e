/** Files that somebody else put into the folders of a pool, and files that volumes and snapshots leave there. */
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { poolItemName, requireName } from '#shared/contracts/grammar.ts';
import type { AdoptSpec, Unmanaged } from '#shared/contracts/volume-agent.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { renameDurably } from '#shared/files/whole.ts';

const gib = 2 ** 30;
const suffix = '.raw';
/** The name of a volume or snapshot of this cloud, or of an image that is kept. */
const ours = /^(?:cache-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Folders {
  readonly volumes: string;
  readonly snapshots: string;
}

const folderOf = (folders: Folders, as: AdoptSpec['as']) => (as === 'volume' ? folders.volumes : folders.snapshots);

export async function listUnmanagedFiles(folders: Folders): Promise<readonly Unmanaged[]> {
  const found: Unmanaged[] = [];
  for (const kind of ['volume', 'snapshot'] as const)
    for (const file of await readdir(folderOf(folders, kind))) {
      const name = file.slice(0, -suffix.length);
      if (!file.endsWith(suffix) || ours.test(name)) continue;
      const { size, ...status } = await statusOf(join(folderOf(folders, kind), file), name);
      found.push({ name, kinds: [kind], sizeBytes: size, reasonNotSafe: status.reason });
    }
  return found;
}

/** A link of either kind leads to data that are not the pool's. */
async function statusOf(path: string, name: string) {
  const found = await lstat(path);
  const isPlain = found.isFile() && found.nlink === 1;
  const reason = !poolItemName.test(name) ? 'its name is unusual' : isPlain ? null : 'it is no plain file';
  return { size: found.size, reason };
}

/** Renames a file of the folder to that of the volume or snapshot, and extends it to a whole number of gigabytes. */
export async function adoptFile(folders: Folders, { as, name }: AdoptSpec, path: string): Promise<{ sizeGb: number }> {
  const known = await lstat(path).catch(() => undefined);
  if (known) return { sizeGb: known.size / gib };
  requireName(poolItemName, name, 'the reference');
  const from = join(folderOf(folders, as), `${name}${suffix}`);
  const found = ours.test(name) ? undefined : await statusOf(from, name).catch(() => undefined);
  if (!found) throw notFound(`Unmanaged ${as}`, name);
  if (found.reason !== null) throw badRequest(`${name} cannot be managed: ${found.reason}`);
  const sizeGb = Math.max(1, Math.ceil(found.size / gib));
  await extend(from, sizeGb * gib);
  await renameDurably(from, path);
  return { sizeGb };
}

async function extend(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(sizeBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Where it can be found later is a name that no volume has. */
export async function releaseFile(folders: Folders, { id, as }: Omit<AdoptSpec, 'name'>, path: string): Promise<void> {
  const to = join(folderOf(folders, as), `unmanaged-${id}${suffix}`);
  await renameDurably(path, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
