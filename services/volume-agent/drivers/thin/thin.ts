/**
 * Volumes in a store of blocks that copies share: LVM's thin pools, and RBD. A volume is `volume-<id>`, a snapshot
 * `snap-<id>`; one that is being made is `part-<id>`, and one that is being replaced `old-<id>`.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encryption, VolumeSource, VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { openRoom, type Room } from '#shared/files/room.ts';
import type { ImageStore, VolumeStore } from '../driver.ts';
import { withImage } from '../fetch-image.ts';
import { adopt, listUnmanaged, release } from './adopt.ts';
import type { Blocks } from './blocks.ts';
import { nameOf } from './names.ts';

const gib = 2 ** 30;

export interface ThinOptions {
  /** For images while they are converted. */
  readonly directory: string;
  readonly images: ImageStore;
  readonly maxImageGb: number;
}

interface Store {
  readonly blocks: Blocks;
  readonly options: ThinOptions;
  readonly work: string;
  readonly room: Room;
}

/** An empty directory for files that are not needed after a crash. */
export async function openWork(directory: string): Promise<{ readonly work: string; readonly room: Room }> {
  const work = join(directory, 'work');
  await mkdir(work, { recursive: true, mode: 0o700 });
  for (const name of await readdir(work)) await rm(join(work, name), { recursive: true });
  return { work, room: await openRoom(work, { reserveBytes: 0 }) };
}

/** Ends what a dead process began. */
export async function openThin(
  blocks: Blocks,
  options: ThinOptions,
  { work, room }: Pick<Store, 'work' | 'room'>,
): Promise<VolumeStore> {
  await sweep(blocks);
  const store: Store = { blocks, options, work, room };
  return {
    ensureVolume: (spec) => ensureVolume(store, spec),
    ensureVolumeGone: ({ id }) => blocks.remove(nameOf.volume(id)),
    ensureSnapshot: ({ id, volumeId }) => ensureSnapshot(store, id, volumeId),
    ensureSnapshotGone: ({ id }) => blocks.remove(nameOf.snapshot(id)),
    pathOf: async (id) => {
      await sizeOf(store, nameOf.volume(id), 'Volume', id);
      return blocks.pathOf(nameOf.volume(id));
    },
    readAs: async (id, format) => {
      await sizeOf(store, nameOf.volume(id), 'Volume', id);
      return blocks.read(nameOf.volume(id), format);
    },
    readSnapshot: async ({ id }) => {
      await sizeOf(store, nameOf.snapshot(id), 'Snapshot', id);
      return blocks.read(nameOf.snapshot(id), 'raw');
    },
    hasVolume: async (id) => (await blocks.findSize(nameOf.volume(id))) !== undefined,
    writeVolume: ({ id, sizeGb }, data) => make(store, id, (part) => blocks.write(part, sizeGb * gib, data)),
    replaceVolume: (spec) => make(store, spec.id, (part) => fill(store, part, spec)),
    adopt: (spec) => adopt(blocks, spec),
    release: (spec) => release(blocks, spec),
    listUnmanaged: () => listUnmanaged(blocks),
    pools: async () => [await blocks.report()],
    stored: async () => idsIn(await blocks.names()),
  };
}

/** Parts are removed, and a volume that was being replaced has its former data again. */
async function sweep(blocks: Blocks): Promise<void> {
  const found = await blocks.names();
  for (const name of found) {
    if (name.startsWith('part-')) await blocks.remove(name);
    if (!name.startsWith('old-')) continue;
    const volume = nameOf.volume(name.slice('old-'.length));
    if (found.has(volume)) await blocks.remove(name);
    else await blocks.rename(name, volume);
  }
}

function idsIn(found: ReadonlySet<string>) {
  const of = (prefix: string) =>
    [...found].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return { volumes: of('volume-'), snapshots: of('snap-') };
}

async function sizeOf({ blocks }: Store, name: string, what: string, id: string): Promise<number> {
  const size = await blocks.findSize(name);
  if (size === undefined) throw notFound(what, id);
  return size;
}

async function ensureVolume(store: Store, spec: VolumeSpec) {
  const { blocks } = store;
  const { id, sizeGb } = spec;
  const size = await blocks.findSize(nameOf.volume(id));
  if (size === undefined) await make(store, id, (part) => fill(store, part, spec));
  else if (size > sizeGb * gib) throw badRequest(`the volume has ${size / gib} GiB, it cannot shrink to ${sizeGb}`);
  else if (size < sizeGb * gib) await blocks.extend(nameOf.volume(id), sizeGb * gib);
  return { sizeGb };
}

async function ensureSnapshot({ blocks }: Store, id: string, volumeId: string): Promise<void> {
  if ((await blocks.findSize(nameOf.snapshot(id))) !== undefined) return;
  if ((await blocks.findSize(nameOf.volume(volumeId))) === undefined)
    throw badRequest('the volume has no bytes on this host');
  await blocks.requireRoom();
  await blocks.clone(nameOf.volume(volumeId), nameOf.snapshot(id), 'snapshot');
}

/** Makes the data under another name, which becomes the volume when it is complete. */
async function make({ blocks }: Store, id: string, work: (part: string) => Promise<void>): Promise<void> {
  await blocks.requireRoom();
  const part = nameOf.part(id);
  await blocks.remove(part);
  try {
    await work(part);
    await become(blocks, part, id);
  } catch (error) {
    await blocks.remove(part);
    throw error;
  }
}

/** The former volume, if there is one, is removed last. */
async function become(blocks: Blocks, part: string, id: string): Promise<void> {
  const volume = nameOf.volume(id);
  const isReplaced = (await blocks.findSize(volume)) !== undefined;
  if (isReplaced) await blocks.rename(volume, nameOf.old(id));
  await blocks.rename(part, volume);
  if (isReplaced) await blocks.remove(nameOf.old(id));
}

async function fill(store: Store, part: string, { sizeGb, source, encryption }: VolumeSpec): Promise<void> {
  const { blocks } = store;
  if (source.kind === 'backup') throw badRequest('backups are written, not copied');
  if (source.kind === 'blank') return blocks.create(part, sizeGb * gib);
  if (source.kind === 'image') return fillFromImage(store, part, { sizeGb, source, encryption });
  const [name, size] = await sourceOf(store, source);
  if (size > sizeGb * gib) throw badRequest(`${size / gib} GiB do not fit into ${sizeGb} GiB`);
  await blocks.clone(name, part, 'volume');
  if (size < sizeGb * gib) await blocks.extend(part, sizeGb * gib);
}

async function sourceOf(store: Store, source: Extract<VolumeSource, { kind: 'snapshot' | 'volume' }>) {
  const [name, what, id] =
    source.kind === 'snapshot'
      ? ([nameOf.snapshot(source.snapshotId), 'Snapshot', source.snapshotId] as const)
      : ([nameOf.volume(source.volumeId), 'Volume', source.volumeId] as const);
  return [name, await sizeOf(store, name, what, id)] as const;
}

interface FromImage extends Pick<VolumeSpec, 'sizeGb'> {
  readonly source: Extract<VolumeSource, { kind: 'image' }>;
  readonly encryption: Encryption | undefined;
}

async function fillFromImage(
  { blocks, work, room, options }: Store,
  part: string,
  { sizeGb, source, encryption }: FromImage,
): Promise<void> {
  const { imageId, format } = source;
  const url = format === 'raw' && !encryption ? await options.images.locate?.(imageId) : undefined;
  if (url !== undefined && (await blocks.cloneImage?.(part, { url, sizeBytes: sizeGb * gib }))) return;
  await withImage({ ...options, room, work, imageId, format, sizeGb, encryption }, (file, bytes) =>
    blocks.fill(part, sizeGb * gib, { file, format, bytes, encryption }),
  );
}
