/** A device is a directory, with `mountCheck` the mount point of a disk. It may disappear, return, or be replaced by another disk. */
import { existsSync, mkdirSync, readdirSync, renameSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Kind } from '#shared/contracts/object-agent.ts';
import { codeOf, ensureDirectory, ignoreMissing } from './disk.ts';

interface DeviceOptions {
  readonly name: string;
  readonly root: string;
  readonly mountCheck: boolean;
}

export interface Disk extends DeviceOptions {
  /** Identifies the directory at the last check; another one means another disk. */
  inode: number | undefined;
}

export const folderOf = (kind: Kind): string => `${kind}s`;
export const suffixOf = (hash: string): string => hash.slice(-3);

/** What a device has of one partition of the ring. */
export interface Partition {
  readonly disk: Disk;
  readonly kind: Kind;
  readonly partition: number;
}

/** Where an account, a container or an object is on a device. */
export interface Place extends Partition {
  readonly hash: string;
  readonly directory: string;
}

const folderIn = ({ disk, kind, partition }: Partition) => join(disk.root, folderOf(kind), String(partition));

export const placeIn = ({ disk, kind, partition }: Partition, hash: string): Place => {
  const directory = join(folderIn({ disk, kind, partition }), suffixOf(hash), hash);
  return { disk, kind, partition, hash, directory };
};

/** Creates the directories of a device, unless it is a real disk that is not mounted. */
export function openDisk(options: DeviceOptions): Disk {
  if (!options.mountCheck) mkdirSync(options.root, { recursive: true, mode: 0o700 });
  const disk: Disk = { ...options, inode: undefined };
  isThere(disk, () => {});
  return disk;
}

/** Returns whether the device is present; calls back when its disk was exchanged. */
export function isThere(disk: Disk, onChange: () => void): boolean {
  const inode = inodeOf(disk);
  if (inode === undefined) return false;
  if (inode === disk.inode) return true;
  if (!existsSync(join(disk.root, 'tmp'))) mkdirSync(join(disk.root, 'tmp'));
  if (disk.inode !== undefined) onChange();
  disk.inode = inode;
  return true;
}

function inodeOf({ root, mountCheck }: DeviceOptions): number | undefined {
  const found = statSync(root, { throwIfNoEntry: false });
  if (!found) return undefined;
  if (mountCheck && found.dev === statSync(dirname(root)).dev) return undefined;
  return found.ino;
}

export function capacityOf({ root }: DeviceOptions): { totalBytes: number; freeBytes: number } {
  const { blocks, bavail, bsize } = statfsSync(root);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}

export const freeBytes = (disk: DeviceOptions): number => capacityOf(disk).freeBytes;

/** Moves a damaged hash directory away; the other replicas then find it missing and restore it. */
export function quarantineFiles({ disk, kind, hash, directory }: Place): void {
  const aside = join(disk.root, 'quarantined', folderOf(kind), `${hash}-${Date.now()}`);
  try {
    ensureDirectory(disk.root, dirname(aside));
    renameSync(directory, aside);
  } catch (error) {
    ignoreMissing(error);
  }
}

/** The names in a directory; none when it does not exist. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return [];
    throw error;
  }
}

export const partitionsOf = (disk: Disk, kind: Kind): Partition[] =>
  namesIn(join(disk.root, folderOf(kind)))
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ disk, kind, partition: Number(name) }));

/** All hash directories of these kinds. */
export function* everythingOn(disk: Disk, kinds: readonly Kind[]): Generator<Place> {
  for (const kind of kinds) for (const partition of partitionsOf(disk, kind)) yield* hashesIn(partition);
}

/** The kinds that are databases. */
export const databaseKinds: readonly Kind[] = ['account', 'container'];

/** The hash directories of a partition, by suffix: of all suffixes, or of these. */
export function* hashesIn(partition: Partition, suffixes?: readonly string[]): Generator<Place> {
  const base = folderIn(partition);
  for (const suffix of suffixes ?? namesIn(base).filter((name) => /^[0-9a-f]{3}$/.test(name)))
    for (const hash of namesIn(join(base, suffix)).filter((name) => /^[0-9a-f]{32}$/.test(name)))
      yield placeIn(partition, hash);
}
