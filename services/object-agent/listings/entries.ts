/** Group commit of entries: those of one turn of the event loop are written in one transaction. */
import type { Entry } from '#shared/contracts/object-entry.ts';
import type { FileDatabase } from '#shared/db/file.ts';
import type { Place } from '../drivers/device.ts';
import type { Databases } from './databases.ts';
import { hasInfo, insertInfo, mergeEntry } from './store.ts';

export interface Entries {
  /** False when the container or account does not exist. */
  put(place: Place, path: readonly string[], entry: Entry): Promise<boolean>;
}

interface Waiting {
  readonly path: readonly string[];
  readonly entry: Entry;
  readonly done: PromiseWithResolvers<boolean>;
}

export function openEntries(databases: Databases): Entries {
  const crowds = new Map<string, Waiting[]>();
  const flush = (key: string, place: Place) => {
    const crowd = crowds.get(key) ?? [];
    crowds.delete(key);
    try {
      const known = putAll(databases, place, crowd);
      for (const { done } of crowd) done.resolve(known);
    } catch (error) {
      for (const { done } of crowd) done.reject(error);
    }
  };
  const put = (place: Place, path: readonly string[], entry: Entry) => {
    const key = `${place.disk.name}/${place.kind}/${place.hash}`;
    const crowd = crowds.get(key) ?? [];
    if (crowd.length === 0) setImmediate(flush, key, place);
    crowds.set(key, crowd);
    const done = Promise.withResolvers<boolean>();
    crowd.push({ path, entry, done });
    return done.promise;
  };
  return { put };
}

/** An account is created by its first container, a container only by its PUT. */
function putAll(databases: Databases, place: Place, crowd: readonly Waiting[]): boolean {
  const db = place.kind === 'account' ? databases.ensure(place) : databases.find(place);
  if (!db) return false;
  const known = db.transaction(() => mergeAll(db, place, crowd), { durable: false });
  databases.touch(place);
  return known;
}

function mergeAll(db: FileDatabase, { kind }: Place, crowd: readonly Waiting[]): boolean {
  const exists = hasInfo(db);
  if (!exists && kind === 'container') return false;
  const [first] = crowd;
  if (!exists && first) insertInfo(db, first.path.slice(0, 1), first.entry.timestamp);
  for (const { entry } of crowd) mergeEntry(db, entry);
  return true;
}
