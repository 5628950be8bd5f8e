/** Thin volumes of LVM. */
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeReport } from '#shared/contracts/volume-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import type { Block, VolumeBytes, VolumeStore } from '../driver.ts';
import { convert } from '../file/convert.ts';
import { noSpace, publish } from '../file/publish.ts';
import type { Blocks, ImageFile } from '../thin/blocks.ts';
import { openThin, openWork, type ThinOptions } from '../thin/thin.ts';
import { type Lvm, lvmOf } from './commands.ts';

const gib = 2 ** 30;

interface LvmOptions extends ThinOptions {
  readonly group: string;
  /** The thin pool. */
  readonly pool: string;
}

interface Parts {
  readonly lvm: Lvm;
  readonly pool: string;
  readonly work: string;
  readonly room: Room;
}

export async function openLvm(options: LvmOptions): Promise<VolumeStore> {
  const { group, pool, directory } = options;
  const lvm = lvmOf(group, pool);
  if (!(await lvm.pool()).zeroes)
    throw new Error(`thin pool ${group}/${pool} does not zero its blocks: run lvchange --zero y`);
  const opened = await openWork(directory);
  const store = await openThin(blocksOf({ lvm, pool, ...opened }), options, opened);
  await lvm.activateAll();
  return store;
}

const blocksOf = (parts: Parts): Blocks => {
  const { lvm } = parts;
  return {
    names: async () => new Set((await lvm.list()).keys()),
    findSize: async (name) => (await lvm.list()).get(name)?.sizeBytes,
    create: lvm.create,
    clone: (from, name, as) => lvm.clone(from, name, as === 'volume'),
    extend: lvm.extend,
    rename: lvm.rename,
    activate: lvm.activate,
    remove: lvm.remove,
    requireRoom: () => requireRoom(parts),
    fill: (name, size, image) => fill(parts, name, size, image),
    write: async (name, size, blocks) => {
      await lvm.create(name, size);
      await writeBlocks(lvm.devicePath(name), size, blocks);
    },
    read: (name, format) => (format === 'raw' ? readRaw(lvm, name) : readQcow2(parts, name)),
    pathOf: lvm.devicePath,
    items: lvm.items,
    report: () => report(parts),
  };
};

/** A pool that is nearly full takes no more volumes: writes of guests would fail once it is. */
const reservedPart = 0.05;

async function report({ lvm, pool }: Parts): Promise<VolumeReport['pools'][number]> {
  const { sizeBytes, dataPercent } = await lvm.pool();
  const gigabytes = (count: number) => Math.round((count * 100) / gib) / 100;
  return {
    name: pool,
    driver: 'lvm',
    thin: true,
    features: ['online-snapshot', 'online-extend'],
    totalGb: gigabytes(sizeBytes),
    freeGb: gigabytes(sizeBytes * (1 - dataPercent / 100)),
    reservedGb: gigabytes(sizeBytes * reservedPart),
  };
}

async function requireRoom({ lvm, pool }: Parts): Promise<void> {
  const { dataPercent, metadataPercent } = await lvm.pool();
  const most = 100 * (1 - reservedPart);
  if (dataPercent < most && metadataPercent < most) return;
  throw noSpace(`${pool} has used ${dataPercent} % of its data and ${metadataPercent} % of its metadata`);
}

async function fill({ lvm, room }: Parts, name: string, size: number, image: ImageFile): Promise<void> {
  await lvm.create(name, size);
  const to = await open(lvm.devicePath(name), 'r+');
  const { file: from, format: fromFormat, bytes, encryption } = image;
  try {
    await room.within((signal) => convert({ from, fromFormat, to, toFormat: 'raw', bytes, encryption, signal }));
    await to.sync();
  } finally {
    await to.close();
  }
}

async function writeBlocks(path: string, size: number, blocks: AsyncIterable<Block>): Promise<void> {
  const device = await open(path, 'r+');
  try {
    for await (const { offset, bytes } of blocks) {
      if (offset + bytes.length > size) throw badRequest(`the data does not fit into ${size / gib} GiB`);
      await device.write(bytes, 0, bytes.length, offset);
    }
    await device.sync();
  } finally {
    await device.close();
  }
}

/** Snapshots are not active; two readers may share one. */
async function readRaw(lvm: Lvm, name: string): Promise<VolumeBytes> {
  const size = (await lvm.list()).get(name)?.sizeBytes ?? 0;
  if (!name.startsWith('snap-')) return bytesOf(lvm.devicePath(name), size, async () => {});
  await lvm.activate(name);
  return bytesOf(lvm.devicePath(name), size, () => lvm.deactivate(name).catch(() => {})); // it stays active while another reads it
}

async function readQcow2({ lvm, work, room }: Parts, name: string): Promise<VolumeBytes> {
  const bytes = (await lvm.list()).get(name)?.sizeBytes ?? 0;
  const copy = join(work, `${name}-${Date.now()}.qcow2`);
  const from = await open(lvm.devicePath(name), 'r');
  try {
    await publish(copy, (to) =>
      room.within((signal) => convert({ from, fromFormat: 'raw', to, toFormat: 'qcow2', bytes, signal })),
    );
  } finally {
    await from.close();
  }
  return bytesOf(copy, (await stat(copy)).size, () => rm(copy, { force: true }));
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
