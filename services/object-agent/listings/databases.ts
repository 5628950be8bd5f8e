/** The database files of the devices: opened on demand, a bounded number at a time, with a digest of each. */
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileDatabase } from '#shared/db/file.ts';
import { syncDirectorySync } from '#shared/files/whole.ts';
import { hashesIn, type Partition, type Place } from '../drivers/device.ts';
import { ensureDirectory, parentsOf } from '../drivers/disk.ts';
import { type Info, infoOf, openListing } from './store.ts';

export interface Databases {
  /** Undefined when there is none. */
  find(place: Place): FileDatabase | undefined;
  ensure(place: Place): FileDatabase;
  /** Undefined also for a database without its first transaction. */
  info(place: Place): Info | undefined;
  /** Must be called after a change of its content. */
  touch(place: Place): void;
  /** The hash and digest of each database of a partition. */
  digests(partition: Partition): ReadonlyMap<string, string>;
  remove(place: Place): void;
  forget(device: string): void;
  close(): void;
}

const mostOpen = 96;

export function openDatabases(onFound: (place: Place, info: Info) => void): Databases {
  const open = new Map<string, FileDatabase>();
  const known = new Map<string, Map<string, string>>();
  const keyOf = ({ disk, kind, partition }: Partition) => `${disk.name}/${kind}/${partition}`;

  const shut = (file: string) => {
    open.get(file)?.close();
    open.delete(file);
  };
  const use = (file: string) => {
    const db = open.get(file) ?? openListing(file);
    open.delete(file);
    open.set(file, db); // the end of the map is what was used last
    const [oldest] = open.keys();
    if (open.size > mostOpen && oldest) shut(oldest);
    return db;
  };
  const find = (place: Place) => {
    const file = fileOf(place);
    return open.has(file) || existsSync(file) ? use(file) : undefined;
  };
  const ensure = (place: Place) => find(place) ?? use(made(place.disk.root, fileOf(place)));
  const touch = (place: Place) => void known.get(keyOf(place))?.delete(place.hash);
  const info = (place: Place) => {
    const db = find(place);
    return db && infoOf(db);
  };
  const digestOf = (place: Place) => {
    const found = info(place);
    if (found) onFound(place, found);
    return found ? wordOf(found) : '';
  };
  const digests = (partition: Partition) => {
    const key = keyOf(partition);
    const before = known.get(key);
    const places = [...hashesIn(partition)];
    const found = places.map((place) => [place.hash, before?.get(place.hash) ?? digestOf(place)] as const);
    const fresh = new Map(found.filter(([, digest]) => digest !== ''));
    known.set(key, fresh);
    return fresh;
  };
  const remove = (place: Place) => {
    shut(fileOf(place));
    rmSync(dirname(fileOf(place)), { recursive: true, force: true });
    touch(place);
  };
  const forget = (device: string) => {
    for (const file of [...open.keys()]) if (file.includes(`/${device}/`)) shut(file);
    for (const key of [...known.keys()]) if (key.startsWith(`${device}/`)) known.delete(key);
  };
  const close = () => {
    for (const file of [...open.keys()]) shut(file);
  };
  return { find, ensure, info, touch, digests, remove, forget, close };
}

const fileOf = ({ directory, hash }: Place) => join(directory, `${hash}.db`);

/** Syncs the directory before the database in it is used. */
function made(root: string, file: string): string {
  const first = ensureDirectory(root, dirname(file));
  if (first) for (const directory of parentsOf(dirname(file), first)) syncDirectorySync(directory);
  return file;
}

function wordOf({ sum, put, removed, metadata }: Info): string {
  const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('md5')
    .update(JSON.stringify([sum, put, removed, sorted]))
    .digest('hex');
}
