/**
 * The format of a backup. Its data is cut into **chunks** of equal size; a chunk of zeros is not stored, another one is an object
 * named by the digest of its data, compressed. The **manifest** lists all chunks, and in which backup each is stored: an incremental
 * backup stores only chunks that its parent does not have, and refers to those of its ancestors. It is written last.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Fault, notFound } from '#shared/errors/fault.ts';
import type { BackupTarget } from './target.ts';

export const chunkBytes = 4 * 2 ** 20;

/** Where a chunk is: the index of a backup in `owners`, and its digest; null for zeros. */
export type Chunk = readonly [owner: number, digest: string] | null;

export interface Manifest {
  readonly version: 1;
  readonly sizeBytes: number;
  readonly chunkBytes: number;
  /** The backups that store its chunks. */
  readonly owners: readonly string[];
  readonly chunks: readonly Chunk[];
}

export const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export const prefixOf = (backup: string) => `${backup}/`;
const manifestName = (backup: string) => `${prefixOf(backup)}manifest`;
const chunkName = (backup: string, digest: string) => `${prefixOf(backup)}${digest}`;

const compress = promisify(gzip);
const expand = promisify(gunzip);

interface At {
  readonly target: BackupTarget;
  readonly container: string;
}

export async function writeManifest({ target, container }: At, backup: string, manifest: Manifest): Promise<void> {
  await target.put(container, manifestName(backup), await compress(JSON.stringify(manifest)));
}

/** Throws a Fault when the backup is not there, or damaged. */
export async function readManifest({ target, container }: At, backup: string): Promise<Manifest> {
  const stored = await target.get(container, manifestName(backup));
  if (!stored) throw notFound('The data of backup', backup);
  const text = await expand(stored).catch(() => Buffer.from(''));
  const manifest = parse(text.toString());
  if (manifest?.version !== 1) throw damaged(`the manifest of backup ${backup}`);
  return manifest;
}

function parse(text: string): Manifest | undefined {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return undefined;
  }
}

/** Removes the manifest first: what is left of an interrupted removal is no backup. */
export async function removeObjects({ target, container }: At, backup: string): Promise<void> {
  await target.remove(container, manifestName(backup));
  for (const name of await target.list(container, prefixOf(backup))) await target.remove(container, name);
}

/** Removes the temporary files of an agent that was killed while it wrote the backup. */
export async function removePartial({ target, container }: At, backup: string): Promise<void> {
  for (const name of await target.list(container, prefixOf(backup)))
    if (name.endsWith('.part')) await target.remove(container, name);
}

/** Returns the number of bytes stored. */
export async function writeChunk({ target, container }: At, backup: string, digest: string, bytes: Buffer) {
  const stored = await compress(bytes, { level: 1 });
  await target.put(container, chunkName(backup, digest), stored);
  return stored.length;
}

/** Throws a Fault when the chunk is missing, or its data does not match its digest. */
export async function readChunk({ target, container }: At, backup: string, digest: string): Promise<Buffer> {
  const stored = await target.get(container, chunkName(backup, digest));
  if (!stored) throw notFound(`Chunk ${digest} of backup`, backup);
  const bytes = await expand(stored, { maxOutputLength: chunkBytes }).catch(() => Buffer.alloc(0));
  if (digestOf(bytes) !== digest) throw damaged(`chunk ${digest} of backup ${backup}`);
  return bytes;
}

const damaged = (what: string) => new Fault(500, 'unexpected', 'The data of the backup is damaged.', { details: what });
