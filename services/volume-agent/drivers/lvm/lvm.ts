/**
 * Volumes as thin volumes of LVM: copies and snapshots share blocks, also of a volume that is written to. A volume is
 * `volume-<id>`, a snapshot `snap-<id>`; one that is being made is `part-<id>`, and one that is being replaced `old-<id>`.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { VolumeReport, VolumeSource, VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { openRoom, type Room } from '#shared/files/room.ts';
import type { Block, ImageStore, VolumeBytes, VolumeStore } from '../driver.ts';
import { withImage } from '../fetch-image.ts';
import { convert } from '../file/convert.ts';
import { noSpace, publish } from '../file/publish.ts';
import { type Lvm, lvmOf } from './commands.ts';

const gib = 2 ** 30;

interface LvmOptions {
  readonly group: string;
  /** The thin pool. */
  readonly pool: string;
  /** For images while they are converted. */
  readonly directory: string;
  readonly images: ImageStore;
  readonly maxImageGb: number;
}

interface Store {
  readonly lvm: Lvm;
  readonly options: LvmOptions;
  readonly work: string;
  readonly room: Room;
}

const nameOf = {
  volume: (id: string) => `volume-${safe(id)}`,
  snapshot: (id: string) => `snap-${safe(id)}`,
  part: (id: string) => `part-${safe(id)}`,
  old: (id: string) => `old-${safe(id)}`,
};
const safe = (id: string) => requireName(resourceId, id, 'the id of a volume');

export async function openLvm(options: LvmOptions): Promise<VolumeStore> {
  const lvm = lvmOf(options.group, options.pool);
  const work = join(options.directory, 'work');
  await mkdir(work, { recursive: true, mode: 0o700 });
  for (const name of await readdir(work)) await rm(join(work, name), { recursive: true });
  if (!(await lvm.pool()).zeroes)
    throw new Error(`thin pool ${options.group}/${options.pool} does not zero its blocks: run lvchange --zero y`);
  await sweep(lvm);
  await lvm.activateAll();
  const store: Store = { lvm, options, work, room: await openRoom(work, { reserveBytes: 0 }) };
  return {
    ensureVolume: (spec) => ensureVolume(store, spec),
    ensureVolumeGone: ({ id }) => lvm.remove(nameOf.volume(id)),
    ensureSnapshot: ({ id, volumeId }) => ensureSnapshot(store, id, volumeId),
    ensureSnapshotGone: ({ id }) => lvm.remove(nameOf.snapshot(id)),
    pathOf: async (id) => {
      await sizeOf(store, nameOf.volume(id), 'Volume', id);
      return lvm.devicePath(nameOf.volume(id));
    },
    readAs: (id, format) => readAs(store, id, format),
    readSnapshot: ({ id }) => readSnapshot(store, id),
    hasVolume: async (id) => (await lvm.list()).has(nameOf.volume(id)),
    writeVolume: ({ id, sizeGb }, blocks) => writeVolume(store, id, sizeGb, blocks),
    replaceVolume: ({ id, sizeGb, source }) => make(store, id, sizeGb, source),
    pools: async () => [await report(store)],
    stored: async () => idsIn(await lvm.list()),
  };
}

/** Ends what a dead process began: parts are removed, and a volume that was being replaced has its former data again. */
async function sweep(lvm: Lvm): Promise<void> {
  const found = await lvm.list();
  for (const name of found.keys()) {
    if (name.startsWith('part-')) await lvm.remove(name);
    if (!name.startsWith('old-')) continue;
    const volume = nameOf.volume(name.slice('old-'.length));
    if (found.has(volume)) await lvm.remove(name);
    else await lvm.rename(name, volume);
  }
}

function idsIn(found: ReadonlyMap<string, unknown>) {
  const of = (prefix: string) =>
    [...found.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return { volumes: of('volume-'), snapshots: of('snap-') };
}

/** A pool that is nearly full takes no more volumes: writes of guests would fail once it is. */
const reservedPart = 0.05;

async function report({ lvm, options }: Store): Promise<VolumeReport['pools'][number]> {
  const { sizeBytes, dataPercent } = await lvm.pool();
  const gigabytes = (count: number) => Math.round((count * 100) / gib) / 100;
  return {
    name: options.pool,
    driver: 'lvm',
    thin: true,
    features: ['online-snapshot'],
    totalGb: gigabytes(sizeBytes),
    freeGb: gigabytes(sizeBytes * (1 - dataPercent / 100)),
    reservedGb: gigabytes(sizeBytes * reservedPart),
  };
}

async function requireRoom({ lvm, options }: Store): Promise<void> {
  const { dataPercent, metadataPercent } = await lvm.pool();
  const most = 100 * (1 - reservedPart);
  if (dataPercent < most && metadataPercent < most) return;
  throw noSpace(`${options.pool} has used ${dataPercent} % of its data and ${metadataPercent} % of its metadata`);
}

async function sizeOf({ lvm }: Store, name: string, what: string, id: string): Promise<number> {
  const found = (await lvm.list()).get(name);
  if (!found) throw notFound(what, id);
  return found.sizeBytes;
}

async function ensureVolume(store: Store, { id, sizeGb, source }: VolumeSpec) {
  const { lvm } = store;
  const found = (await lvm.list()).get(nameOf.volume(id));
  if (!found) await make(store, id, sizeGb, source);
  else if (found.sizeBytes > sizeGb * gib)
    throw badRequest(`the volume has ${found.sizeBytes / gib} GiB, it cannot shrink to ${sizeGb}`);
  else if (found.sizeBytes < sizeGb * gib) await lvm.extend(nameOf.volume(id), sizeGb * gib);
  return { sizeGb };
}

async function ensureSnapshot(store: Store, id: string, volumeId: string): Promise<void> {
  const { lvm } = store;
  const found = await lvm.list();
  if (found.has(nameOf.snapshot(id))) return;
  if (!found.has(nameOf.volume(volumeId))) throw badRequest('the volume has no bytes on this host');
  await requireRoom(store);
  await lvm.clone(nameOf.volume(volumeId), nameOf.snapshot(id), false);
}

/** Makes the data under another name, which becomes the volume when it is complete. */
async function make(store: Store, id: string, sizeGb: number, source: VolumeSource): Promise<void> {
  const { lvm } = store;
  await requireRoom(store);
  const part = nameOf.part(id);
  await lvm.remove(part);
  try {
    await fill(store, part, sizeGb, source);
    await become(lvm, part, id);
  } catch (error) {
    await lvm.remove(part);
    throw error;
  }
}

/** The former volume, if there is one, is removed last. */
async function become(lvm: Lvm, part: string, id: string): Promise<void> {
  const volume = nameOf.volume(id);
  const isReplaced = (await lvm.list()).has(volume);
  if (isReplaced) await lvm.rename(volume, nameOf.old(id));
  await lvm.rename(part, volume);
  if (isReplaced) await lvm.remove(nameOf.old(id));
}

async function fill(store: Store, part: string, sizeGb: number, source: VolumeSource): Promise<void> {
  const { lvm } = store;
  if (source.kind === 'backup') throw badRequest('backups are written, not copied');
  if (source.kind === 'blank') return lvm.create(part, sizeGb * gib);
  if (source.kind === 'image') return fillFromImage(store, part, sizeGb, source);
  const [name, what, id] =
    source.kind === 'snapshot'
      ? ([nameOf.snapshot(source.snapshotId), 'Snapshot', source.snapshotId] as const)
      : ([nameOf.volume(source.volumeId), 'Volume', source.volumeId] as const);
  const size = await sizeOf(store, name, what, id);
  if (size > sizeGb * gib) throw badRequest(`${size / gib} GiB do not fit into ${sizeGb} GiB`);
  await lvm.clone(name, part, true);
  if (size < sizeGb * gib) await lvm.extend(part, sizeGb * gib);
}

async function fillFromImage(
  { lvm, work, room, options }: Store,
  part: string,
  sizeGb: number,
  { imageId, format }: Extract<VolumeSource, { kind: 'image' }>,
): Promise<void> {
  await withImage({ ...options, room, work, imageId, format, sizeGb }, async (image, bytes) => {
    await lvm.create(part, sizeGb * gib);
    const device = await open(lvm.devicePath(part), 'r+');
    try {
      const conversion = { from: image, fromFormat: format, to: device, toFormat: 'raw', bytes } as const;
      await room.within((signal) => convert({ ...conversion, signal }));
      await device.sync();
    } finally {
      await device.close();
    }
  });
}

async function writeVolume(store: Store, id: string, sizeGb: number, blocks: AsyncIterable<Block>): Promise<void> {
  const { lvm } = store;
  await requireRoom(store);
  const part = nameOf.part(id);
  await lvm.remove(part);
  try {
    await lvm.create(part, sizeGb * gib);
    await writeBlocks(lvm.devicePath(part), sizeGb, blocks);
    await become(lvm, part, id);
  } catch (error) {
    await lvm.remove(part);
    throw error;
  }
}

async function writeBlocks(path: string, sizeGb: number, blocks: AsyncIterable<Block>): Promise<void> {
  const device = await open(path, 'r+');
  try {
    for await (const { offset, bytes } of blocks) {
      if (offset + bytes.length > sizeGb * gib) throw badRequest(`the data does not fit into ${sizeGb} GiB`);
      await device.write(bytes, 0, bytes.length, offset);
    }
    await device.sync();
  } finally {
    await device.close();
  }
}

async function readAs(store: Store, id: string, format: 'raw' | 'qcow2'): Promise<VolumeBytes> {
  const { lvm, work, room } = store;
  const bytes = await sizeOf(store, nameOf.volume(id), 'Volume', id);
  const path = lvm.devicePath(nameOf.volume(id));
  if (format === 'raw') return bytesOf(path, bytes, async () => {});
  const copy = join(work, `${safe(id)}-${Date.now()}.qcow2`);
  const from = await open(path, 'r');
  try {
    await publish(copy, (to) =>
      room.within((signal) => convert({ from, fromFormat: 'raw', to, toFormat: 'qcow2', bytes, signal })),
    );
  } finally {
    await from.close();
  }
  return bytesOf(copy, await sizeOfFile(copy), () => rm(copy, { force: true }));
}

async function sizeOfFile(path: string): Promise<number> {
  const file = await open(path, 'r');
  return (await file.stat().finally(() => file.close())).size;
}

/** Snapshots are not active; two readers may share one. */
async function readSnapshot(store: Store, id: string): Promise<VolumeBytes> {
  const { lvm } = store;
  const name = nameOf.snapshot(id);
  const size = await sizeOf(store, name, 'Snapshot', id);
  await lvm.activate(name);
  return bytesOf(lvm.devicePath(name), size, () => lvm.deactivate(name).catch(() => {})); // it stays active while another reads it
}

function bytesOf(path: string, sizeBytes: number, drop: () => Promise<void>): VolumeBytes {
  const stream = createReadStream(path, { highWaterMark: 2 ** 20 });
  const close = async () => {
    await ended(stream);
    await drop();
  };
  return { sizeBytes, stream, close };
}

/** LVM does not deactivate a device that is open. */
const ended = (stream: ReturnType<typeof createReadStream>): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', resolve);
    if (stream.closed) resolve();
    stream.destroy();
  });
