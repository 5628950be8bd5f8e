/** Volumes as sparse raw files: the driver of the first box. Needs nothing of the kernel. */
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { every } from '#shared/clock/every.ts';
import type { VolumeReport, VolumeSource, VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { openRoom, type Reservation, type Room } from '#shared/files/room.ts';
import { syncDirectory } from '#shared/files/whole.ts';
import { BadImage } from '#shared/images/reader.ts';
import type { ImageStore, VolumeBytes, VolumeStore } from '../driver.ts';
import { convert, inspectImage } from './convert.ts';
import { copyBytes, sharesBlocks } from './copy.ts';
import { diskFault, publish } from './publish.ts';

const gib = 2 ** 30;

interface FileOptions {
  /** Its own directory; several pools may share a disk. */
  readonly directory: string;
  readonly pool: string;
  readonly images: ImageStore;
  /** An image larger than this is not fetched. */
  readonly maxImageGb: number;
  /** What stays free on the disk; nothing unless told. */
  readonly reserveBytes?: number;
}

interface Place {
  readonly volumes: string;
  readonly snapshots: string;
  /** Copies that are under way: nothing in it is worth anything after a restart. */
  readonly work: string;
  readonly room: Room;
  /** Copies share blocks, and take no room. */
  readonly shares: boolean;
}

export async function openFiles(options: FileOptions): Promise<VolumeStore> {
  const { directory, pool, reserveBytes = 0 } = options;
  const folders = {
    volumes: join(directory, 'volumes'),
    snapshots: join(directory, 'snapshots'),
    work: join(directory, 'work'),
  };
  for (const path of Object.values(folders)) await mkdir(path, { recursive: true, mode: 0o700 });
  await sweep(folders);
  const room = await openRoom(directory, { reserveBytes });
  const place: Place = { ...folders, room, shares: await sharesBlocks(folders.work) };
  const features = place.shares ? ['online-snapshot'] : [];
  return {
    ensureVolume: (spec) => ensureVolume(options, place, spec),
    ensureVolumeGone: ({ id }) => removeFile(volumeFile(place, id)),
    ensureSnapshot: ({ id, volumeId }) => ensureCopy(place, volumeFile(place, volumeId), snapshotFile(place, id)),
    ensureSnapshotGone: ({ id }) => removeFile(snapshotFile(place, id)),
    pathOf: (id) => existing(volumeFile(place, id), 'Volume', id),
    readAs: (id, format) => readAs(place, id, format),
    pools: async () => [
      { name: pool, driver: 'file', thin: true, features, ...(await spaceOf(directory, reserveBytes)) },
    ],
  };
}

const volumeFile = ({ volumes }: Place, id: string) => join(volumes, `${safe(id)}.raw`);
const snapshotFile = ({ snapshots }: Place, id: string) => join(snapshots, `${safe(id)}.raw`);

function safe(id: string): string {
  if (!/^[\w-]{1,64}$/.test(id)) throw badRequest(`${id} is not an id`);
  return id;
}

/** What a dead process left: parts of files, and everything below work. */
async function sweep({ volumes, snapshots, work }: Pick<Place, 'volumes' | 'snapshots' | 'work'>): Promise<void> {
  for (const directory of [volumes, snapshots])
    for (const name of await readdir(directory)) if (name.endsWith('.part')) await rm(join(directory, name));
  for (const name of await readdir(work)) await rm(join(work, name), { recursive: true });
}

async function spaceOf(directory: string, reserveBytes: number) {
  const { blocks, bavail, bsize } = await statfs(directory);
  const gigabytes = (count: number) => Math.round((count * bsize * 100) / gib) / 100;
  const reserved = Math.min(reserveBytes / bsize, blocks / 20); // as the room does it
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

async function ensureVolume(options: FileOptions, place: Place, { id, sizeGb, source }: VolumeSpec) {
  const path = volumeFile(place, id);
  if (await exists(path)) await grow(path, sizeGb);
  else await make(options, place, { path, sizeGb, source });
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
}

async function make(options: FileOptions, place: Place, { path, sizeGb, source }: NewVolume): Promise<void> {
  if (source.kind === 'image') return fromImage(options, place, { path, sizeGb, source });
  await publish(path, async (file, part) => {
    if (source.kind === 'snapshot')
      await copied(place, await existing(snapshotFile(place, source.snapshotId), 'Snapshot', source.snapshotId), part);
    if (source.kind === 'volume')
      await copied(place, await existing(volumeFile(place, source.volumeId), 'Volume', source.volumeId), part);
    const { size } = await file.stat();
    if (size > sizeGb * gib) throw badRequest(`${size / gib} GiB do not fit into ${sizeGb} GiB`);
    await file.truncate(sizeGb * gib);
  });
}

async function ensureCopy(place: Place, from: string, to: string): Promise<void> {
  if (await exists(to)) return;
  if (!(await exists(from))) throw badRequest('the volume has no bytes on this host');
  await publish(to, (_file, part) => copied(place, from, part));
}

/** Its blocks are reserved before the first is written; holes need none. */
async function copied({ room, shares }: Place, from: string, to: string): Promise<void> {
  const { blocks } = await stat(from);
  const reservation = await room.reserve(shares ? 0 : blocks * 512);
  try {
    await following(reservation, to, () => copyBytes(from, to));
  } finally {
    reservation.release();
  }
}

/** What is on the disk already is seen there by everybody, and is reserved no more. */
async function following(reservation: Reservation, path: string, work: () => Promise<unknown>): Promise<void> {
  let seen = 0;
  const look = async () => {
    const bytes = (await stat(path)).blocks * 512;
    reservation.wrote(bytes - seen);
    seen = bytes;
  };
  const looking = every(lookMs, look, () => {});
  await work().finally(() => looking.close());
}

const lookMs = 200;

interface FromImage extends NewVolume {
  readonly source: Extract<VolumeSource, { kind: 'image' }>;
}

/** Fetched whole, looked at, then converted: into a file that is published only when it is complete. */
async function fromImage(options: FileOptions, place: Place, { path, sizeGb, source }: FromImage): Promise<void> {
  const { imageId, format } = source;
  const fetched = join(place.work, `${safe(imageId)}-${Date.now()}-${Math.random().toString(36).slice(2)}.image`);
  try {
    await fetchImage(options, place, imageId, fetched);
    const image = await open(fetched, 'r');
    try {
      const bytes = await inspectImage(image, format);
      if (bytes > sizeGb * gib) throw tooSmall(bytes, sizeGb);
      await publish(path, async (file) => {
        await file.truncate(sizeGb * gib);
        const conversion = { from: image, fromFormat: format, to: file, toFormat: 'raw', bytes } as const;
        await place.room.within((signal) => convert({ ...conversion, signal }));
      });
    } finally {
      await image.close();
    }
  } finally {
    await rm(fetched, { force: true });
  }
}

const tooSmall = (bytes: number, sizeGb: number) =>
  badRequest(`Size of specified image ${Math.ceil(bytes / gib)}GB is larger than volume size ${sizeGb}GB.`);

async function fetchImage(options: FileOptions, { room }: Place, imageId: string, path: string): Promise<void> {
  const { images, maxImageGb } = options;
  const stream = await images.download(imageId);
  const file = await open(path, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxImageGb * gib) throw badRequest(`image ${imageId} is larger than ${maxImageGb} GiB`);
      const reserved = await room.reserve(chunk.length);
      await file.writeFile(chunk).finally(reserved.release);
    }
  } catch (error) {
    if (error instanceof BadImage) throw badRequest(`the image is refused: ${error.message}`);
    diskFault(error);
  } finally {
    await file.close();
  }
}

async function readAs(place: Place, id: string, format: 'raw' | 'qcow2'): Promise<VolumeBytes> {
  const volume = await existing(volumeFile(place, id), 'Volume', id);
  if (format === 'raw') return bytesOf(volume, async () => {});
  const copy = join(place.work, `${id}-${Date.now()}.qcow2`);
  const drop = () => rm(copy, { force: true });
  const from = await open(volume, 'r');
  try {
    const { size: bytes } = await from.stat();
    await publish(copy, (to) =>
      place.room.within((signal) => convert({ from, fromFormat: 'raw', to, toFormat: 'qcow2', bytes, signal })),
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
  return { sizeBytes: size, stream, close };
}
