/** Volumes as sparse raw files: the default driver. It needs no kernel modules. */
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { every } from '#shared/clock/every.ts';
import type { AdoptSpec, Encryption, VolumeReport, VolumeSource, VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { openRoom, type Reservation, type Room } from '#shared/files/room.ts';
import { syncDirectory } from '#shared/files/whole.ts';
import type { Block, ImageStore, VolumeBytes, VolumeStore } from '../driver.ts';
import { withImage } from '../fetch-image.ts';
import { adoptFile, listUnmanagedFiles, releaseFile } from './adopt.ts';
import { convert } from './convert.ts';
import { copyBytes, sharesBlocks } from './copy.ts';
import { publish } from './publish.ts';

const gib = 2 ** 30;

interface FileOptions {
  /** The pool's own directory; several pools may share a disk. */
  readonly directory: string;
  readonly pool: string;
  readonly images: ImageStore;
  /** Larger images are refused. */
  readonly maxImageGb: number;
  /** Space that stays free on the disk; default 0. */
  readonly reserveBytes?: number;
}

interface Pool {
  readonly volumes: string;
  readonly snapshots: string;
  /** Temporary files, deleted at every start. */
  readonly work: string;
  readonly room: Room;
  /** Copies share blocks (reflink) and need no space. */
  readonly hasReflinks: boolean;
}

export async function openFiles(options: FileOptions): Promise<VolumeStore> {
  const { directory, pool: name, reserveBytes = 0 } = options;
  const folders = {
    volumes: join(directory, 'volumes'),
    snapshots: join(directory, 'snapshots'),
    work: join(directory, 'work'),
  };
  for (const path of Object.values(folders)) await mkdir(path, { recursive: true, mode: 0o700 });
  await sweep(folders);
  const room = await openRoom(directory, { reserveBytes });
  const pool: Pool = { ...folders, room, hasReflinks: await sharesBlocks(folders.work) };
  const features = ['online-extend', ...(pool.hasReflinks ? ['online-snapshot'] : [])];
  return {
    ensureVolume: (spec) => ensureVolume(options, pool, spec),
    ensureVolumeGone: ({ id }) => removeFile(volumeFile(pool, id)),
    ensureSnapshot: ({ id, volumeId }) => ensureCopy(pool, volumeFile(pool, volumeId), snapshotFile(pool, id)),
    ensureSnapshotGone: ({ id }) => removeFile(snapshotFile(pool, id)),
    pathOf: (id) => existing(volumeFile(pool, id), 'Volume', id),
    readAs: (id, format) => readAs(pool, id, format),
    readSnapshot: async ({ id }) => bytesOf(await existing(snapshotFile(pool, id), 'Snapshot', id), async () => {}),
    hasVolume: (id) => exists(volumeFile(pool, id)),
    writeVolume: ({ id, sizeGb }, blocks) => writeBlocks(pool, volumeFile(pool, id), sizeGb, blocks),
    replaceVolume: ({ id, ...spec }) => create(options, pool, { path: volumeFile(pool, id), ...spec }),
    adopt: (spec) => adoptFile(pool, spec, fileOf(pool, spec)),
    release: (spec) => releaseFile(pool, spec, fileOf(pool, spec)),
    listUnmanaged: () => listUnmanagedFiles(pool),
    stored: async () => ({ volumes: await idsIn(pool.volumes), snapshots: await idsIn(pool.snapshots) }),
    pools: async () => [{ name, driver: 'file', thin: true, features, ...(await spaceOf(directory, reserveBytes)) }],
  };
}

const volumeFile = ({ volumes }: Pool, id: string) => join(volumes, `${safe(id)}.raw`);
const snapshotFile = ({ snapshots }: Pool, id: string) => join(snapshots, `${safe(id)}.raw`);

const fileOf = (pool: Pool, { id, as }: Pick<AdoptSpec, 'id' | 'as'>) =>
  as === 'volume' ? volumeFile(pool, id) : snapshotFile(pool, id);

const idsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.raw')).map((name) => name.slice(0, -'.raw'.length));

function safe(id: string): string {
  if (!/^[\w-]{1,64}$/.test(id)) throw badRequest(`${id} is not an id`);
  return id;
}

/** Removes the leftovers of a crashed process: partial files, and everything below work. */
async function sweep({ volumes, snapshots, work }: Pick<Pool, 'volumes' | 'snapshots' | 'work'>): Promise<void> {
  for (const directory of [volumes, snapshots])
    for (const name of await readdir(directory)) if (name.endsWith('.part')) await rm(join(directory, name));
  for (const name of await readdir(work)) await rm(join(work, name), { recursive: true });
}

async function spaceOf(directory: string, reserveBytes: number) {
  const { blocks, bavail, bsize } = await statfs(directory);
  const gigabytes = (count: number) => Math.round((count * bsize * 100) / gib) / 100;
  const reserved = Math.min(reserveBytes / bsize, blocks / 20); // the same limit as in openRoom
  const [totalGb, freeGb, reservedGb] = [gigabytes(blocks), gigabytes(bavail), gigabytes(reserved)];
  return { totalGb, freeGb, reservedGb } satisfies Partial<VolumeReport['pools'][number]>;
}

const exists = (path: string) =>
  access(path)
    .then(() => true)
    .catch(() => false);

async function existing(path: string, what: string, id: string): Promise<string> {
  if (!(await exists(path))) throw notFound(what, id);
  return path;
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncDirectory(join(path, '..'));
}

async function ensureVolume(options: FileOptions, pool: Pool, { id, sizeGb, ...from }: VolumeSpec) {
  const path = volumeFile(pool, id);
  if (await exists(path)) await grow(path, sizeGb);
  else await create(options, pool, { path, sizeGb, ...from });
  return { sizeGb };
}

async function grow(path: string, sizeGb: number): Promise<void> {
  const { size } = await stat(path);
  if (size > sizeGb * gib) throw badRequest(`the volume has ${size / gib} GiB, it cannot shrink to ${sizeGb}`);
  const file = await open(path, 'r+');
  try {
    await file.truncate(sizeGb * gib);
    await file.sync();
  } finally {
    await file.close();
  }
}

interface NewVolume {
  readonly path: string;
  readonly sizeGb: number;
  readonly source: VolumeSource;
  readonly encryption?: Encryption;
}

async function create(options: FileOptions, pool: Pool, volume: NewVolume): Promise<void> {
  const { path, sizeGb, source } = volume;
  if (source.kind === 'image') return fromImage(options, pool, { ...volume, source });
  await publish(path, async (file, part) => {
    if (source.kind === 'snapshot')
      await copyReserved(
        pool,
        await existing(snapshotFile(pool, source.snapshotId), 'Snapshot', source.snapshotId),
        part,
      );
    if (source.kind === 'backup') throw badRequest('backups are written, not copied');
    if (source.kind === 'volume')
      await copyReserved(pool, await existing(volumeFile(pool, source.volumeId), 'Volume', source.volumeId), part);
    const { size } = await file.stat();
    if (size > sizeGb * gib) throw badRequest(`${size / gib} GiB do not fit into ${sizeGb} GiB`);
    await file.truncate(sizeGb * gib);
  });
}

async function ensureCopy(pool: Pool, from: string, to: string): Promise<void> {
  if (await exists(to)) return;
  if (!(await exists(from))) throw badRequest('the volume has no bytes on this host');
  await publish(to, (_file, part) => copyReserved(pool, from, part));
}

/** Reserves the space of the source's blocks before it copies; holes need none. */
async function copyReserved({ room, hasReflinks }: Pool, from: string, to: string): Promise<void> {
  const { blocks } = await stat(from);
  const reservation = await room.reserve(hasReflinks ? 0 : blocks * 512);
  try {
    await trackWritten(reservation, to, () => copyBytes(from, to));
  } finally {
    reservation.release();
  }
}

/** While `work` runs, releases the reservation of blocks that are on the disk already. */
async function trackWritten(reservation: Reservation, path: string, work: () => Promise<unknown>): Promise<void> {
  let written = 0;
  const measure = async () => {
    const bytes = (await stat(path)).blocks * 512;
    reservation.wrote(bytes - written);
    written = bytes;
  };
  const ticker = every(measureMs, measure, () => {});
  await work().finally(() => ticker.close());
}

const measureMs = 200;

interface FromImage extends NewVolume {
  readonly source: Extract<VolumeSource, { kind: 'image' }>;
}

/** The volume file appears only when it is complete. */
async function fromImage(options: FileOptions, pool: Pool, volume: FromImage): Promise<void> {
  const { path, sizeGb, source, encryption } = volume;
  const { imageId, format } = source;
  const { work, room } = pool;
  await withImage({ ...options, work, room, imageId, format, sizeGb, encryption }, (image, bytes) =>
    publish(path, async (file) => {
      await file.truncate(sizeGb * gib);
      const conversion = { from: image, fromFormat: format, to: file, toFormat: 'raw', bytes, encryption } as const;
      await room.within((signal) => convert({ ...conversion, signal }));
    }),
  );
}

/** The file appears, or replaces the former one, when it is complete. */
async function writeBlocks({ room }: Pool, path: string, sizeGb: number, blocks: AsyncIterable<Block>): Promise<void> {
  await publish(path, async (file) => {
    await file.truncate(sizeGb * gib);
    for await (const { offset, bytes } of blocks) {
      if (offset + bytes.length > sizeGb * gib) throw badRequest(`the data does not fit into ${sizeGb} GiB`);
      const reserved = await room.reserve(bytes.length);
      await file.write(bytes, 0, bytes.length, offset).finally(reserved.release);
    }
  });
}

async function readAs(pool: Pool, id: string, format: 'raw' | 'qcow2'): Promise<VolumeBytes> {
  const volume = await existing(volumeFile(pool, id), 'Volume', id);
  if (format === 'raw') return bytesOf(volume, async () => {});
  const copy = join(pool.work, `${id}-${Date.now()}.qcow2`);
  const drop = () => rm(copy, { force: true });
  const from = await open(volume, 'r');
  try {
    const { size: bytes } = await from.stat();
    await publish(copy, (to) =>
      pool.room.within((signal) => convert({ from, fromFormat: 'raw', to, toFormat: 'qcow2', bytes, signal })),
    );
  } finally {
    await from.close();
  }
  return bytesOf(copy, drop);
}

async function bytesOf(path: string, drop: () => Promise<void>): Promise<VolumeBytes> {
  const { size } = await stat(path);
  const stream = createReadStream(path);
  const close = async () => {
    stream.destroy();
    await drop();
  };
  return { sizeBytes: size, stream, path, close };
}
