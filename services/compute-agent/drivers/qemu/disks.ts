/** The local disks of a guest: overlays on images, and empty ones. Changed only while no QEMU process has them open. */
import { chown, open, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskSpec, type GuestSpec, isLocal } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { copyImage, createQcow2, type ImageFile, resizeQcow2 } from '#shared/images/qemu-img.ts';
import { runConfined } from '#shared/process/confined.ts';
import { gbToBytes, keyOf } from './devices.ts';
import type { Base, ImageCache } from './images.ts';
import { guestPaths, type StatePaths } from './paths.ts';
import { checkOverlay, faultOnFullDisk, virtualBytes } from './qemu-img.ts';
import type { GuestRecord } from './record.ts';

type Before = Pick<GuestRecord, 'bases' | 'generations'>;

interface DiskRuntime {
  readonly places: StatePaths;
  readonly images: ImageCache;
  readonly room: Room;
}

/** The base image of each overlay, downloaded if needed: known before the first overlay is created. */
export async function basesOf(
  { images, places }: DiskRuntime,
  { id: guestId, disks }: GuestSpec,
): Promise<Record<string, Base>> {
  const bases: Record<string, Base> = {};
  for (const { id, source } of disks)
    if (source.kind === 'image')
      bases[keyOf(id)] =
        (await ownBase(places, guestId, source.imageId)) ??
        (await faultOnFullDisk('the image', images.ensureCached(source.imageId)));
  return bases;
}

/** The base that the guest has in its folder: it does not depend on an image that is deleted meanwhile. */
async function ownBase(places: StatePaths, guestId: string, imageId: string): Promise<Base | undefined> {
  const names = await readdir(places.guest(guestId)).catch((): string[] => []);
  const format = (['qcow2', 'raw'] as const).find((each) => names.includes(guestPaths.base(imageId, each)));
  return format && { imageId, format };
}

/** Creates or grows the disks of the spec, recreates those whose image or generation changed, removes all others. */
export async function ensureDisks(runtime: DiskRuntime, record: GuestRecord, before: Before): Promise<void> {
  const local = record.spec.disks.filter(isLocal);
  await removeStaleFiles(runtime.places, record, before);
  for (const disk of local) await faultOnFullDisk(`disk ${disk.id}`, ensureDisk(runtime, record, disk));
}

export async function ensureDisk(
  { places, images, room }: DiskRuntime,
  record: GuestRecord,
  disk: DiskSpec,
): Promise<void> {
  const key = keyOf(disk.id);
  const path = places.of(record.id, guestPaths.disk(key));
  const base = record.bases[key] as Base | undefined;
  const basePath = base && places.of(record.id, guestPaths.base(base.imageId, base.format));
  if (base && basePath) await images.linkTo(base, basePath);
  const minBytes = base && basePath ? await virtualBytes(basePath, base.format) : 0;
  const wantedBytes = gbToBytes(disk.sizeGb) || minBytes;
  if (wantedBytes < minBytes) throw tooSmall(disk, minBytes);
  const present = await virtualBytes(path, 'qcow2').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (present === null) {
    const reservation = await room.reserve(newDiskBytes);
    await create(places.guest(record.id), record.uid, { disk, key, bytes: wantedBytes, base }).finally(
      reservation.release,
    );
  } else if (present < wantedBytes) await grow(places.guest(record.id), record.uid, { key, bytes: wantedBytes, base });
}

/** Space that a new qcow2 file takes before its guest writes. */
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

/** The agent creates the file and changes its owner; the guest's user fills it, so that user needs no write access to the folder. */
async function create(cwd: string, uid: number | null, { disk, key, bytes, base }: NewDisk): Promise<void> {
  const partial = `${guestPaths.disk(key)}.new`;
  await makeFileFor(uid, join(cwd, partial));
  const formatArgv = disk.source.kind === 'blank' ? formatCommandOf(disk.id) : null;
  if (formatArgv) await createFormatted(cwd, uid, { partial, bytes, formatArgv });
  else {
    const backing = backingOf(base);
    await createQcow2({ uid, cwd }, { path: partial, bytes, ...(backing ? { backing } : {}) });
  }
  await renameDurably(join(cwd, partial), join(cwd, guestPaths.disk(key)));
}

/** The path is relative to the guest's folder. */
type BaseFile = Pick<Base, 'imageId'> & { readonly format: string };
const backingOf = (base: BaseFile | undefined): ImageFile | undefined =>
  base && { driver: base.format, path: guestPaths.base(base.imageId, base.format) };

/** As in Nova: swap disks are swap space, ephemeral disks have a file system. */
const formatCommandOf = (id: string): string[] | null => {
  if (id === 'swap') return ['mkswap', '-L', 'swap'];
  return id.startsWith('ephemeral') ? ['mkfs.ext4', '-q', '-F', '-L', id] : null;
};

async function createFormatted(
  cwd: string,
  uid: number | null,
  { partial, bytes, formatArgv }: { partial: string; bytes: number; formatArgv: readonly string[] },
): Promise<void> {
  const rawFile = `${partial}.new`;
  await makeFileFor(uid, join(cwd, rawFile));
  await truncate(join(cwd, rawFile), bytes);
  await runConfined([...formatArgv, rawFile], { uid, cwd, maxFileBytes: bytes });
  const [from, to] = [
    { driver: 'raw', path: rawFile },
    { driver: 'qcow2', path: partial },
  ] as const;
  await copyImage({ uid, cwd }, { from, to, bytes });
  await rm(join(cwd, rawFile));
}

async function grow(cwd: string, uid: number | null, { key, bytes, base }: Omit<NewDisk, 'disk'>): Promise<void> {
  await checkOverlay(join(cwd, guestPaths.disk(key)));
  await resizeQcow2({ uid, cwd }, overlayOf(key, base), bytes);
}

/** A disk of the guest with its base image; the backing file name in its header is not used. */
export function overlayOf(key: string, base: BaseFile | undefined): ImageFile {
  const backing = backingOf(base);
  return { driver: 'qcow2', path: guestPaths.disk(key), ...(backing ? { backing } : {}) };
}

/** Creates a file that only the guest's user can access. */
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

export const chownTo = (uid: number | null, path: string) => (uid === null ? undefined : chown(path, uid, uid));

async function removeStaleFiles(places: StatePaths, record: GuestRecord, before: Before): Promise<void> {
  const local = new Map(record.spec.disks.filter(isLocal).map((disk) => [keyOf(disk.id), disk]));
  const keep = new Set(local.keys());
  const replaced = (key: string) =>
    local.get(key)?.generation !== before.generations?.[key] ||
    (before.bases[key] !== undefined && before.bases[key].imageId !== record.bases[key]?.imageId);
  const bases = new Set(Object.values(record.bases).map(({ imageId, format }) => guestPaths.base(imageId, format)));
  for (const name of await readdir(places.guest(record.id))) {
    const key = name.replace(/\.qcow2$/, '');
    const isBase = name.startsWith('base-');
    const isPartial = name.endsWith('.new') && !name.startsWith(guestPaths.snapshot);
    const isStale =
      isPartial || (isBase ? !bases.has(name) : name.endsWith('.qcow2') && (!keep.has(key) || replaced(key)));
    if (isStale) await rm(places.of(record.id, name), { force: true });
  }
}
