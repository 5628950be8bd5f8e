/**
 * The content of a device as hashes of each suffix and partition. They are cached in memory, dropped after a write, and
 * dropped altogether from time to time, since data on disks may decay.
 */
import { createHash } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { secondsOf } from '#shared/ring/timestamp.ts';
import { hashesIn, type Partition, type Place, suffixOf } from '../drivers/device.ts';
import { removeFile } from '../drivers/disk.ts';
import { type Files, filesIn } from './store.ts';

export type Suffixes = ReadonlyMap<string, string>;

export interface Hashes {
  touch(place: Place): void;
  suffixes(partition: Partition): Suffixes;
  forget(device: string): void;
}

const asText = (a: string, b: string) => (a < b ? -1 : 1);
const digest = (lines: readonly string[]) => createHash('md5').update(lines.toSorted(asText).join('\n')).digest('hex');

/** `reclaim`: tombstones before this time, in seconds since 1970, may be deleted. */
export function openHashes(reclaim: () => number): Hashes {
  const devices = new Map<string, Map<number, Map<string, string | undefined>>>();
  const partitionsOf = (device: string) => {
    const partitions = devices.get(device) ?? new Map<number, Map<string, string | undefined>>();
    devices.set(device, partitions);
    return partitions;
  };
  const touch = ({ disk, partition, hash }: Place) =>
    void partitionsOf(disk.name).get(partition)?.set(suffixOf(hash), undefined);
  const suffixes = (at: Partition): Suffixes => {
    const partitions = partitionsOf(at.disk.name);
    const known = partitions.get(at.partition);
    if (known && ![...known.values()].includes(undefined)) return known as Suffixes;
    const fresh = fill(at, known, reclaim());
    partitions.set(at.partition, fresh);
    return fresh;
  };
  return { touch, suffixes, forget: (device) => void devices.delete(device) };
}

function fill(partition: Partition, known: Map<string, string | undefined> | undefined, reclaim: number) {
  const lines = new Map<string, string[]>();
  const stale = known && [...known].filter(([, value]) => value === undefined).map(([suffix]) => suffix);
  for (const { hash, directory } of hashesIn(partition, stale)) {
    const files = tidied(directory, reclaim);
    if (!files) continue;
    const suffix = suffixOf(hash);
    lines.set(suffix, [...(lines.get(suffix) ?? []), lineOf(hash, files)]);
  }
  const fresh = new Map<string, string>();
  for (const [suffix, value] of known ?? []) if (value !== undefined) fresh.set(suffix, value);
  for (const [suffix, found] of lines) fresh.set(suffix, digest(found));
  return fresh;
}

const lineOf = (hash: string, { data = '', meta = '', gone = '' }: Files) => `${hash} ${data} ${meta} ${gone}`;

/** Deletes old tombstones and empty directories; returns undefined when nothing is left. */
function tidied(directory: string, reclaim: number): Files | undefined {
  const files = filesIn(directory);
  for (const name of files.obsolete) removeFile(join(directory, name));
  if (files.gone && secondsOf(files.gone) < reclaim) removeFile(join(directory, `${files.gone}.ts`));
  else if (files.gone || files.data) return files;
  removeEmpty(directory);
  return undefined;
}

/** Deletes the directory, its suffix and its partition, if they are empty. */
export function removeEmpty(directory: string, levels = 3): void {
  try {
    rmdirSync(directory);
    if (levels > 1) removeEmpty(dirname(directory), levels - 1);
  } catch {
    // it is in use again, or deleted already
  }
}

/** One hash for a whole partition. */
export const digestOf = (suffixes: Suffixes): string =>
  digest([...suffixes].map(([suffix, hash]) => `${suffix} ${hash}`));
