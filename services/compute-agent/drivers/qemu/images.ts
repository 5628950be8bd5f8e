/** The host's copies of images. A guest holds a hard link of its own, so what is tidied away here is never missed there. */
import { createWriteStream } from 'node:fs';
import { chmod, chown, link, mkdir, mkdtemp, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Fault } from '#shared/errors/fault.ts';
import type { Room } from '#shared/files/room.ts';
import { renameDurably } from '#shared/files/whole.ts';
import { checkedBytes, type ImageDigest } from '#shared/images/digest.ts';
import { driverOf, whyNoDisk } from '#shared/images/formats.ts';
import { inspect } from '#shared/images/inspect.ts';
import { convertImage } from '#shared/images/qemu-img.ts';
import { fileBytes } from '#shared/images/reader.ts';
import type { Log } from '#shared/log/log.ts';
import { readable } from './qemu-img.ts';

interface ImageFacts extends ImageDigest {
  readonly status: string;
  /** As the image API names it. */
  readonly format: string;
  readonly container: string | null;
}

/** The image API, as the host needs it. A Fault is a no; any other error may pass. */
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
  /** Puts the image at that path, for ever the guest's; fetches it first if it must. */
  linkTo(base: Base, path: string): Promise<void>;
  /** What the copy of an image here is kept as. */
  baseOf(imageId: string): Promise<Base>;
  /** Keeps to the bounds: what no guest uses goes, the longest unused first. */
  tidy(): Promise<void>;
}

export interface CacheOptions {
  readonly dir: string;
  readonly api: ImageApi;
  readonly log: Log;
  readonly room: Room;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

const kept = ['qcow2', 'raw'] as const;

export function imageCache(options: CacheOptions): ImageCache {
  const { dir } = options;
  const underway = new Map<string, Promise<Base>>();
  const pathOf = ({ imageId, format }: Base) => join(dir, `${imageId}.${format}`);

  const known = async (imageId: string): Promise<Base | null> => {
    for (const format of kept) if (await exists(join(dir, `${imageId}.${format}`))) return { imageId, format };
    return null;
  };
  const baseOf = async (imageId: string): Promise<Base> => {
    const here = await known(imageId);
    if (here) return here;
    const fetching = underway.get(imageId) ?? fetchImage(options, imageId).finally(() => underway.delete(imageId));
    underway.set(imageId, fetching);
    return fetching;
  };
  const linkTo = async (base: Base, path: string): Promise<void> => {
    if (await exists(path)) return;
    const here = await baseOf(base.imageId);
    await utimes(pathOf(here), new Date(), new Date());
    await link(pathOf(here), path);
  };
  return { linkTo, baseOf, tidy: () => tidy(options) };
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function fetchImage(options: CacheOptions, imageId: string): Promise<Base> {
  const { dir, api, log } = options;
  const startedAt = Date.now();
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(dir, 'work-'));
  try {
    const facts = await api.find(imageId);
    if (facts.status !== 'active') throw new Fault(409, 'conflict', `Image ${imageId} is ${facts.status}, not active.`);
    const reason = whyNoDisk({ id: imageId, disk_format: facts.format, container_format: facts.container });
    if (reason !== undefined) throw new Fault(409, 'conflict', reason);
    const source = await readable(imageId, downloadChecked(options, imageId, facts, work));
    const { path, format } = await readable(imageId, reconcileFormat(options, source, facts.format, work));
    const base = { imageId, format };
    await keep(path, join(dir, `${imageId}.${format}`));
    log.info({ imageId, tookMs: Date.now() - startedAt }, 'image is on this host');
    return base;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function downloadChecked({ api, room }: CacheOptions, imageId: string, facts: ImageFacts, work: string) {
  const path = join(work, 'source');
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

/** The file that is kept, and its format. What guests cannot be laid over becomes qcow2. */
async function reconcileFormat(
  { room }: CacheOptions,
  source: string,
  declared: string,
  work: string,
): Promise<{ readonly path: string; readonly format: Base['format'] }> {
  const from = await open(source, 'r');
  try {
    const bytes = await inspect(await fileBytes(from), declared);
    const driver = driverOf(declared) ?? declared;
    if (driver === 'qcow2' || driver === 'raw') return { path: source, format: driver };
    const path = join(work, 'converted');
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

async function keep(from: string, to: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(from, 0, 0);
  await chmod(from, 0o444);
  const file = await open(from, 'r');
  await file.sync().finally(() => file.close());
  await renameDurably(from, to);
}

async function tidy({ dir, maxBytes, maxAgeMs, log }: CacheOptions): Promise<void> {
  const names = (await readdir(dir).catch(() => [])).filter((name) => !name.startsWith('work-'));
  const copies = await Promise.all(names.map(async (name) => ({ name, ...(await stat(join(dir, name))) })));
  const unused = copies.filter(({ nlink }) => nlink === 1).sort((a, b) => a.mtimeMs - b.mtimeMs);
  let total = copies.reduce((sum, { blocks }) => sum + blocks * 512, 0);
  for (const { name, blocks, mtimeMs } of unused) {
    if (total <= maxBytes && Date.now() - mtimeMs <= maxAgeMs) continue;
    await rm(join(dir, name), { force: true });
    total -= blocks * 512;
    log.info({ image: name }, 'unused copy of an image is gone');
  }
}
