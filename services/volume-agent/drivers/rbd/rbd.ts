/**
 * Volumes as images of Ceph RBD: copies and snapshots share blocks. A snapshot is an image of its own, cloned from its volume,
 * so that either may be deleted first. What is deleted moves to the trash at once, and is freed when nothing depends on it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { every } from '#shared/clock/every.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import type { Log } from '#shared/log/log.ts';
import type { VolumeStore } from '../driver.ts';
import { noSpace } from '../file/publish.ts';
import type { Blocks, Item } from '../thin/blocks.ts';
import { openThin, openWork, type ThinOptions } from '../thin/thin.ts';
import { rbdBytes } from './bytes.ts';
import { type CephUser, type Rbd, rbdOf } from './commands.ts';

const gib = 2 ** 30;

interface RbdOptions extends ThinOptions, CephUser {
  readonly pool: string;
  /** Lets clients read from all copies of a block, not from its first one alone. */
  readonly balanceReads: boolean;
  /** How often the trash is emptied. */
  readonly purgeMs: number;
  readonly log: Log;
}

export interface OpenedRbd {
  readonly store: VolumeStore;
  readonly rbd: Rbd;
  close(): Promise<void>;
}

/** One process at a time may open a pool. */
export async function openRbd(options: RbdOptions): Promise<OpenedRbd> {
  const { pool, directory, balanceReads, purgeMs, log } = options;
  const rbd = rbdOf(options, pool);
  if (balanceReads) await rbd.setBalancedReads();
  for (const leftover of await rbd.snapshots()) await removeLeftover(rbd, leftover);
  const opened = await openWork(directory);
  const purger = every(
    purgeMs,
    async () => void (await rbd.purge()),
    (error) => log.warn({ error, pool }, 'deleted volumes could not be freed, retrying'),
  );
  const fsid = await rbd.fsid();
  const blocks = blocksOf(rbd, { ...opened, fsid, onTrash: purger.wake });
  return { store: await openThin(blocks, options, opened), rbd, close: purger.close };
}

/** The snapshot of a clone that was not finished. */
async function removeLeftover(rbd: Rbd, found: string): Promise<void> {
  const [image = '', snapshot = ''] = found.split('@');
  if (snapshot.startsWith('clone-')) await rbd.removeSnapshot(image, snapshot);
}

interface Parts {
  readonly work: string;
  readonly room: Room;
  readonly fsid: string;
  readonly onTrash: () => void;
}

function blocksOf(rbd: Rbd, { work, room, fsid, onTrash }: Parts): Blocks {
  const bytes = rbdBytes(rbd, work, room);
  return {
    names: rbd.names,
    findSize: async (name) => (await rbd.find(name))?.sizeBytes,
    create: rbd.create,
    clone: (from, name) => clone(rbd, from, name),
    extend: rbd.resize,
    rename: rbd.rename,
    remove: async (name) => {
      await rbd.trash(name);
      onTrash();
    },
    requireRoom: async () => {
      const { usedBytes, freeBytes } = await rbd.space();
      if (freeBytes < (usedBytes + freeBytes) * reservedPart)
        throw noSpace(`pool ${rbd.pool} has ${freeBytes} bytes free`);
    },
    fill: async (name, sizeBytes, image) => {
      const raw = join(work, `${name}.raw`);
      await bytes.importImage(name, raw, image).finally(() => rm(raw, { force: true }));
      await rbd.resize(name, sizeBytes);
    },
    cloneImage: (name, image) => cloneImage(rbd, fsid, name, image),
    write: async (name, sizeBytes, data) => {
      await rbd.create(name, sizeBytes);
      await bytes.write(name, sizeBytes, data);
    },
    read: async (name, format) => (format === 'raw' ? bytes.readRaw(name) : bytes.readQcow2(name)),
    pathOf: rbd.imageSpec,
    items: () => itemsOf(rbd),
    report: () => report(rbd),
  };
}

async function itemsOf(rbd: Rbd): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const name of await rbd.names()) {
    const image = await rbd.find(name);
    if (!image) continue;
    const isOpen = (await rbd.watchers(name)).length > 0;
    items.push({ name, sizeBytes: image.sizeBytes, isOpen });
  }
  return items;
}

/** With a part of this size left, a pool takes no more volumes: writes of guests would fail once it is full. */
const reservedPart = 0.05;

async function report(rbd: Rbd) {
  const { usedBytes, freeBytes } = await rbd.space();
  const gigabytes = (count: number) => Math.round((count * 100) / gib) / 100;
  return {
    name: rbd.pool,
    driver: 'rbd',
    thin: true,
    features: ['online-snapshot', 'online-extend'],
    totalGb: gigabytes(usedBytes + freeBytes),
    freeGb: gigabytes(freeBytes),
    reservedGb: gigabytes((usedBytes + freeBytes) * reservedPart),
    protocol: 'ceph',
    replicas: await rbd.replicas(),
    balancedReads: await rbd.balancesReads(),
  };
}

/** The snapshot leads from one to the other; the trash keeps it as long as it is needed. */
async function clone(rbd: Rbd, from: string, name: string): Promise<void> {
  const snapshot = `clone-${name}`;
  await rbd.removeSnapshot(from, snapshot);
  await rbd.addSnapshot(from, snapshot);
  try {
    await rbd.clone({ pool: rbd.pool, image: from, snapshot }, name);
  } finally {
    await rbd.removeSnapshot(from, snapshot);
  }
  if ((await depthOf(rbd, name)) > maxDepth) await rbd.flatten(name);
}

/** A read of a block may ask each image of a chain of clones. */
const maxDepth = 5;

async function depthOf(rbd: Rbd, name: string): Promise<number> {
  let depth = 0;
  for (let at = await rbd.find(name); at?.parent && at.parent.pool === rbd.pool; at = await rbd.find('', at.parent.id))
    depth += 1;
  return depth;
}

/** An image of the same cluster, as the image service locates it: rbd://FSID/POOL/IMAGE/SNAPSHOT. */
async function cloneImage(
  rbd: Rbd,
  fsid: string,
  name: string,
  { url, sizeBytes }: { readonly url: string; readonly sizeBytes: number },
): Promise<boolean> {
  const [cluster, pool = '', image = '', snapshot = ''] = url
    .replace(/^rbd:\/\//, '')
    .split('/')
    .map(decodeURIComponent);
  if (!url.startsWith('rbd://') || cluster !== fsid || snapshot === '') return false;
  await rbd.clone({ pool, image, snapshot }, name);
  const size = (await rbd.find(name))?.sizeBytes ?? 0;
  if (size > sizeBytes) throw badRequest(`the image of ${size} bytes does not fit into ${sizeBytes} bytes`);
  if (size < sizeBytes) await rbd.resize(name, sizeBytes);
  return true;
}
