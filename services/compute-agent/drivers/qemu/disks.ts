/** A guest's disks of its own: overlays on images, and empty ones. Touched only while no process has them. */
import { chown, open, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskSpec, GuestSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { copyImage, createQcow2, type ImageFile, resizeQcow2 } from '#shared/images/qemu-img.ts';
import { runConfined } from '#shared/process/confined.ts';
import { bytesOf, isLocal, keyOf } from './devices.ts';
import type { Base, ImageCache } from './images.ts';
import { type Places, within } from './paths.ts';
import { checkOverlay, virtualBytes, withSpace } from './qemu-img.ts';
import type { GuestRecord } from './record.ts';

type Bases = GuestRecord['bases'];

interface DiskRuntime {
  readonly places: Places;
  readonly images: ImageCache;
  readonly room: Room;
}

/** What each overlay stands on, fetched if need be: known before the first overlay is made. */
export async function basesOf({ images }: DiskRuntime, { disks }: GuestSpec): Promise<Record<string, Base>> {
  const bases: Record<string, Base> = {};
  for (const { id, source } of disks)
    if (source.kind === 'image') bases[keyOf(id)] = await withSpace('the image', images.baseOf(source.imageId));
  return bases;
}

/** The disks of the spec exist, in their size; what another image stood under is made anew; no others remain. */
export async function ensureDisks(runtime: DiskRuntime, record: GuestRecord, before: Bases): Promise<void> {
  const local = record.spec.disks.filter(isLocal);
  await removeOthers(runtime.places, record, before);
  for (const disk of local) await withSpace(`disk ${disk.id}`, ensureDisk(runtime, record, disk));
}

export async function ensureDisk(
  { places, images, room }: DiskRuntime,
  record: GuestRecord,
  disk: DiskSpec,
): Promise<void> {
  const key = keyOf(disk.id);
  const path = places.of(record.id, within.disk(key));
  const base = record.bases[key] as Base | undefined;
  const below = base && places.of(record.id, within.base(base.imageId, base.format));
  if (base && below) await images.linkTo(base, below);
  const least = base && below ? await virtualBytes(below, base.format) : 0;
  const wanted = bytesOf(disk.sizeGb) || least;
  if (wanted < least) throw tooSmall(disk, least);
  const present = await virtualBytes(path, 'qcow2').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (present === null) {
    const tables = await room.reserve(newDiskBytes);
    await create(places.guest(record.id), record.uid, { disk, key, bytes: wanted, base }).finally(tables.release);
  } else if (present < wanted) await grow(places.guest(record.id), record.uid, { key, bytes: wanted, base });
}

/** What a new disk takes at once: it grows with what its guest writes. */
const newDiskBytes = 256 * 1024;

const tooSmall = (disk: DiskSpec, least: number) =>
  new Fault(
    409,
    'conflict',
    `Disk ${disk.id} of ${disk.sizeGb} GB is smaller than its image, which needs ${least} bytes.`,
  );

interface NewDisk {
  readonly disk: DiskSpec;
  readonly key: string;
  readonly bytes: number;
  readonly base: Base | undefined;
}

/** The agent makes the file and gives it away; the guest's user fills it: that user never needs to write the folder. */
async function create(cwd: string, uid: number | null, { disk, key, bytes, base }: NewDisk): Promise<void> {
  const fresh = `${within.disk(key)}.new`;
  await makeFileFor(uid, join(cwd, fresh));
  const make = disk.source.kind === 'blank' ? formatter(disk.id) : null;
  if (make) await createFormatted(cwd, uid, { fresh, bytes, make });
  else {
    const backing = backingOf(base);
    await createQcow2({ uid, cwd }, { path: fresh, bytes, ...(backing ? { backing } : {}) });
  }
  await renameDurably(join(cwd, fresh), join(cwd, within.disk(key)));
}

/** As the guest's tools name it, from the guest's folder. */
type Below = Pick<Base, 'imageId'> & { readonly format: string };
const backingOf = (base: Below | undefined): ImageFile | undefined =>
  base && { driver: base.format, path: within.base(base.imageId, base.format) };

/** As Nova hands them out: swap space ready, ephemeral disks with a file system. */
const formatter = (id: string): string[] | null => {
  if (id === 'swap') return ['mkswap', '-L', 'swap'];
  return id.startsWith('ephemeral') ? ['mkfs.ext4', '-q', '-F', '-L', id] : null;
};

async function createFormatted(
  cwd: string,
  uid: number | null,
  { fresh, bytes, make }: { fresh: string; bytes: number; make: readonly string[] },
): Promise<void> {
  const plain = `${fresh}.new`;
  await makeFileFor(uid, join(cwd, plain));
  await truncate(join(cwd, plain), bytes);
  await runConfined([...make, plain], { uid, cwd, maxFileBytes: bytes });
  const [from, to] = [
    { driver: 'raw', path: plain },
    { driver: 'qcow2', path: fresh },
  ] as const;
  await copyImage({ uid, cwd }, { from, to, bytes });
  await rm(join(cwd, plain));
}

async function grow(cwd: string, uid: number | null, { key, bytes, base }: Omit<NewDisk, 'disk'>): Promise<void> {
  await checkOverlay(join(cwd, within.disk(key)));
  await resizeQcow2({ uid, cwd }, overlayOf(key, base), bytes);
}

/** A disk of the guest, with what it stands on: its own word for that is not asked. */
export function overlayOf(key: string, base: Below | undefined): ImageFile {
  const backing = backingOf(base);
  return { driver: 'qcow2', path: within.disk(key), ...(backing ? { backing } : {}) };
}

/** A file of the guest's user, closed to others, with that text. */
export async function makeFileFor(uid: number | null, path: string, text = ''): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (uid !== null) await file.chown(uid, uid);
    await file.sync();
  } finally {
    await file.close();
  }
}

export const giveTo = (uid: number | null, path: string) => (uid === null ? undefined : chown(path, uid, uid));

async function removeOthers(places: Places, record: GuestRecord, before: Bases): Promise<void> {
  const stay = new Set(record.spec.disks.filter(isLocal).map(({ id }) => keyOf(id)));
  const replaced = (key: string) => before[key] !== undefined && before[key].imageId !== record.bases[key]?.imageId;
  const bases = new Set(Object.values(record.bases).map(({ imageId, format }) => within.base(imageId, format)));
  for (const name of await readdir(places.guest(record.id))) {
    const key = name.replace(/\.qcow2$/, '');
    const isBase = name.startsWith('base-');
    const isHalf = name.endsWith('.new') && !name.startsWith(within.snapshot);
    const goes = isHalf || (isBase ? !bases.has(name) : name.endsWith('.qcow2') && (!stay.has(key) || replaced(key)));
    if (goes) await rm(places.of(record.id, name), { force: true });
  }
}
