/** The image cache of the host. Each guest has a hard link of its own, so evicting a file from the cache does not affect it. */
import { createWriteStream } from 'node:fs';
import { chmod, chown, link, mkdir, mkdtemp, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Fault } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { checkedBytes, type ImageDigest } from '#shared/images/digest.ts';
import { diskRefusal, driverOf } from '#shared/images/formats.ts';
import { inspect } from '#shared/images/inspect.ts';
import { convertImage } from '#shared/images/qemu-img.ts';
import { fileBytes } from '#shared/images/reader.ts';
import type { Log } from '#shared/log/log.ts';
import { faultOnBadImage } from './qemu-img.ts';

interface ImageFacts extends ImageDigest {
  readonly status: string;
  /** `disk_format` of the image API. */
  readonly format: string;
  readonly container: string | null;
}

/** The part of the image API that a host uses. A Fault is final; any other error is transient. */
export interface ImageApi {
  find(imageId: string): Promise<ImageFacts>;
  download(imageId: string): Promise<Readable>;
  upload(imageId: string, body: Readable, sizeBytes: number): Promise<void>;
}

export interface Base {
  readonly imageId: string;
  readonly format: 'qcow2' | 'raw';
}

export interface ImageCache {
  /** Hard links the image to that path in a guest's folder; downloads it first if needed. */
  linkTo(base: Base, path: string): Promise<void>;
  /** Downloads the image if needed; returns the format in which it is cached. */
  ensureCached(imageId: string): Promise<Base>;
  /** Removes images that no guest uses until the cache is within its limits, least recently used first. */
  evictUnused(): Promise<void>;
}

export interface CacheOptions {
  readonly dir: string;
  readonly api: ImageApi;
  readonly log: Log;
  readonly room: Room;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

const cachedFormats = ['qcow2', 'raw'] as const;

export function imageCache(options: CacheOptions): ImageCache {
  const { dir } = options;
  const downloads = new Map<string, Promise<Base>>();
  const pathOf = ({ imageId, format }: Base) => join(dir, `${imageId}.${format}`);

  const findCached = async (imageId: string): Promise<Base | null> => {
    for (const format of cachedFormats) if (await exists(join(dir, `${imageId}.${format}`))) return { imageId, format };
    return null;
  };
  const ensureCached = async (imageId: string): Promise<Base> => {
    const cached = await findCached(imageId);
    if (cached) return cached;
    const download = downloads.get(imageId) ?? downloadImage(options, imageId).finally(() => downloads.delete(imageId));
    downloads.set(imageId, download);
    return download;
  };
  const linkTo = async (base: Base, path: string): Promise<void> => {
    if (await exists(path)) return;
    const cached = await ensureCached(base.imageId);
    await utimes(pathOf(cached), new Date(), new Date());
    await link(pathOf(cached), path);
  };
  return { linkTo, ensureCached, evictUnused: () => evictUnused(options) };
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function downloadImage(options: CacheOptions, imageId: string): Promise<Base> {
  const { dir, api, log } = options;
  const startedAt = Date.now();
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const workDir = await mkdtemp(join(dir, 'work-'));
  try {
    const facts = await api.find(imageId);
    if (facts.status !== 'active') throw new Fault(409, 'conflict', `Image ${imageId} is ${facts.status}, not active.`);
    const reason = diskRefusal({ id: imageId, disk_format: facts.format, container_format: facts.container });
    if (reason !== undefined) throw new Fault(409, 'conflict', reason);
    const source = await faultOnBadImage(imageId, downloadChecked(options, imageId, facts, workDir));
    const { path, format } = await faultOnBadImage(imageId, convertIfNeeded(options, source, facts.format, workDir));
    const base = { imageId, format };
    await addToCache(path, join(dir, `${imageId}.${format}`));
    log.info({ imageId, tookMs: Date.now() - startedAt }, 'downloaded an image');
    return base;
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function downloadChecked({ api, room }: CacheOptions, imageId: string, facts: ImageFacts, workDir: string) {
  const path = join(workDir, 'source');
  const reserved = await room.reserve(facts.sizeBytes ?? 0);
  let sizeBytes = 0;
  const count = async function* (body: AsyncIterable<Buffer>) {
    for await (const chunk of checkedBytes(body, facts)) {
      sizeBytes += chunk.length;
      if (sizeBytes > (facts.sizeBytes ?? 0)) await reserved.grow(chunk.length);
      yield chunk;
      reserved.wrote(chunk.length);
    }
  };
  try {
    await pipeline(await api.download(imageId), count, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } finally {
    reserved.release();
  }
  return path;
}

/** Returns the file to cache and its format: formats that cannot be the base of an overlay are converted to qcow2. */
async function convertIfNeeded(
  { room }: CacheOptions,
  source: string,
  declared: string,
  workDir: string,
): Promise<{ readonly path: string; readonly format: Base['format'] }> {
  const from = await open(source, 'r');
  try {
    const bytes = await inspect(await fileBytes(from), declared);
    const driver = driverOf(declared) ?? declared;
    if (driver === 'qcow2' || driver === 'raw') return { path: source, format: driver };
    const path = join(workDir, 'converted');
    const to = await open(path, 'wx+', 0o600);
    try {
      await room.within((signal) => convertImage({ from, driver, to, toDriver: 'qcow2', bytes, signal }));
    } finally {
      await to.close();
    }
    return { path, format: 'qcow2' };
  } finally {
    await from.close();
  }
}

async function addToCache(from: string, to: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(from, 0, 0);
  await chmod(from, 0o444);
  const file = await open(from, 'r');
  await file.sync().finally(() => file.close());
  await renameDurably(from, to);
}

async function evictUnused({ dir, maxBytes, maxAgeMs, log }: CacheOptions): Promise<void> {
  const names = (await readdir(dir).catch(() => [])).filter((name) => !name.startsWith('work-'));
  const copies = await Promise.all(names.map(async (name) => ({ name, ...(await stat(join(dir, name))) })));
  const unused = copies.filter(({ nlink }) => nlink === 1).sort((a, b) => a.mtimeMs - b.mtimeMs);
  let total = copies.reduce((sum, { blocks }) => sum + blocks * 512, 0);
  for (const { name, blocks, mtimeMs } of unused) {
    if (total <= maxBytes && Date.now() - mtimeMs <= maxAgeMs) continue;
    await rm(join(dir, name), { force: true });
    total -= blocks * 512;
    log.info({ image: name }, 'removed an unused image from the cache');
  }
}
