/**
 * Images that volumes were made of, kept as volumes of the pool: the next one is a copy, which shares blocks where the store can.
 * An **entry** is the volume `cache-<image>`; the least recently used ones are removed. The data of an image never change, and
 * the service has checked that the caller may use it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import type { VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { writeWhole } from '#shared/files/whole.ts';
import type { VolumeStore } from './driver.ts';

interface Limits {
  /** The sum of the sizes of entries. */
  readonly maxGb: number;
  /** Of the index. */
  readonly directory: string;
}

interface Entry {
  readonly sizeGb: number;
  readonly usedAt: number;
}

interface Cache extends Limits {
  readonly store: VolumeStore;
  readonly entries: Map<string, Entry>;
  /** How many copies of an entry are under way. */
  readonly inUse: Map<string, number>;
}

const prefix = 'cache-';
const idOf = (imageId: string) => `${prefix}${imageId}`;

/** Without room for entries the store is returned as it is. Entries that the index does not know are removed. */
export async function withImageCache(store: VolumeStore, limits: Limits): Promise<VolumeStore> {
  const cache: Cache = { ...limits, store, entries: new Map(await readIndex(limits)), inUse: new Map() };
  const found = (await store.stored()).volumes.filter((id) => id.startsWith(prefix));
  for (const id of found) if (!cache.entries.has(id.slice(prefix.length))) await store.ensureVolumeGone({ id });
  for (const imageId of cache.entries.keys()) if (!found.includes(idOf(imageId))) cache.entries.delete(imageId);
  await makeRoom(cache, limits.maxGb);
  if (limits.maxGb === 0) return store;
  const queue = keyedQueue();
  return {
    ...store,
    ensureVolume: (spec) => orEvict(cache, () => ensureVolume(cache, queue, spec)),
    stored: async () => {
      const { volumes, snapshots } = await store.stored();
      return { volumes: volumes.filter((id) => !id.startsWith(prefix)), snapshots };
    },
  };
}

async function ensureVolume(cache: Cache, queue: ReturnType<typeof keyedQueue>, spec: VolumeSpec) {
  const { store, maxGb } = cache;
  const { id, sizeGb, source, encryption } = spec;
  const isCached = source.kind === 'image' && encryption === undefined && sizeGb <= maxGb;
  if (!isCached || (await store.hasVolume(id))) return store.ensureVolume(spec);
  const { imageId } = source;
  return whileUsed(cache, imageId, async () => {
    const hasEntry = await queue(imageId, () => ensureEntry(cache, { ...spec, source }));
    const copied = { id, sizeGb, source: { kind: 'volume', volumeId: idOf(imageId) } } as const;
    return store.ensureVolume(hasEntry ? copied : spec);
  });
}

type FromImage = VolumeSpec & { readonly source: { readonly kind: 'image'; readonly imageId: string } };

/** One that is larger than the volume is made anew, since copies do not shrink; false while others copy that. */
async function ensureEntry(cache: Cache, { sizeGb, source }: FromImage): Promise<boolean> {
  const { store, entries, inUse } = cache;
  const { imageId } = source;
  const known = entries.get(imageId);
  if (known && known.sizeGb > sizeGb) {
    if (inUse.get(imageId) !== 1) return false;
    await remove(cache, imageId);
  }
  if (!entries.has(imageId)) {
    await makeRoom(cache, cache.maxGb - sizeGb);
    await store.ensureVolume({ id: idOf(imageId), sizeGb, source });
  }
  const latest = Math.max(0, ...[...entries.values()].map(({ usedAt }) => usedAt));
  const usedAt = Math.max(Date.now(), latest + 1);
  entries.set(imageId, { sizeGb: entries.get(imageId)?.sizeGb ?? sizeGb, usedAt });
  await writeIndex(cache);
  return true;
}

async function whileUsed<T>({ inUse }: Cache, imageId: string, work: () => Promise<T>): Promise<T> {
  inUse.set(imageId, (inUse.get(imageId) ?? 0) + 1);
  try {
    return await work();
  } finally {
    inUse.set(imageId, (inUse.get(imageId) ?? 1) - 1);
  }
}

/** Removes the least recently used entries until the others have at most `leftGb`; those in use stay. */
async function makeRoom(cache: Cache, leftGb: number): Promise<void> {
  const { entries, inUse } = cache;
  const usedGb = () => [...entries.values()].reduce((sum, { sizeGb }) => sum + sizeGb, 0);
  const idle = [...entries].filter(([imageId]) => !inUse.get(imageId));
  for (const [imageId] of idle.toSorted(([, one], [, other]) => one.usedAt - other.usedAt))
    if (usedGb() > leftGb) await remove(cache, imageId);
}

async function remove(cache: Cache, imageId: string): Promise<void> {
  cache.entries.delete(imageId);
  await cache.store.ensureVolumeGone({ id: idOf(imageId) });
  await writeIndex(cache);
}

/** A pool without room gives up its entries first. */
async function orEvict<T>(cache: Cache, work: () => Promise<T>): Promise<T> {
  return work().catch(async (error: unknown) => {
    if (!(error instanceof Fault) || error.status !== 507 || cache.entries.size === 0) throw error;
    await makeRoom(cache, 0);
    return work();
  });
}

const indexOf = ({ directory }: Pick<Limits, 'directory'>) => join(directory, 'image-cache.json');
const readIndex = async (limits: Limits): Promise<[string, Entry][]> =>
  JSON.parse(await readFile(indexOf(limits), 'utf8').catch(() => '[]')) as [string, Entry][];
const writeIndex = (cache: Cache) => writeWhole(indexOf(cache), JSON.stringify([...cache.entries]));
