/** Makes backups of data, and gives them back: see manifest.ts for the format. */
import { type FileHandle, open } from 'node:fs/promises';
import type { BackupResult } from '#shared/contracts/volume-agent.ts';
import { listData } from '#shared/images/qemu-img.ts';
import type { Block, VolumeBytes } from '../driver.ts';
import {
  type Chunk,
  chunkBytes,
  digestOf,
  type Manifest,
  readChunk,
  readManifest,
  removeObjects,
  removePartial,
  writeChunk,
  writeManifest,
} from './manifest.ts';
import type { BackupTarget } from './target.ts';

interface Place {
  readonly container: string;
  /** The name that its objects begin with. */
  readonly storedAs: string;
}

export interface Backups {
  /** Stores the data; with `parent`, only what has changed since that backup. */
  write(at: Place & { readonly parent: string | null }, data: VolumeBytes, signal?: AbortSignal): Promise<BackupResult>;
  /** The size of the data, and its blocks in order without zeros. Throws a Fault when it is not there. */
  read(at: Place): Promise<{ readonly sizeBytes: number; readonly blocks: AsyncIterable<Block> }>;
  remove(at: Place): Promise<void>;
}

export const backupsOf = (target: BackupTarget): Backups => ({
  write: async ({ container, storedAs, parent }, data, signal) => {
    const at = { target, container };
    const former = parent === null ? undefined : await readManifest(at, parent);
    return write(at, storedAs, former, data, signal);
  },
  read: async ({ container, storedAs }) => {
    const at = { target, container };
    const manifest = await readManifest(at, storedAs);
    return { sizeBytes: manifest.sizeBytes, blocks: blocksOf(at, manifest) };
  },
  remove: ({ container, storedAs }) => removeObjects({ target, container }, storedAs),
});

interface At {
  readonly target: BackupTarget;
  readonly container: string;
}

async function write(
  at: At,
  storedAs: string,
  former: Manifest | undefined,
  data: VolumeBytes,
  signal?: AbortSignal,
): Promise<BackupResult> {
  const owners = [storedAs, ...(former?.owners ?? [])];
  const chunks: Chunk[] = [];
  const written = new Set<string>();
  let storedBytes = 0;
  await removePartial(at, storedAs);
  for await (const bytes of data.path === undefined ? piecesOf(data.stream) : piecesOfFile(data.path, data.sizeBytes)) {
    signal?.throwIfAborted();
    const chunk = bytes === null || isZero(bytes) ? null : digestOf(bytes);
    const known = former?.chunks[chunks.length] ?? null;
    if (bytes === null || chunk === null) chunks.push(null);
    else if (known?.[1] === chunk) chunks.push([known[0] + 1, chunk]);
    else {
      if (!written.has(chunk)) storedBytes += await writeChunk(at, storedAs, chunk, bytes);
      written.add(chunk);
      chunks.push([0, chunk]);
    }
  }
  await writeManifest(at, storedAs, { version: 1, sizeBytes: data.sizeBytes, chunkBytes, owners, chunks });
  return { objectCount: written.size + 1, storedBytes };
}

/** The stream in pieces of `chunkBytes`; the last one may be shorter. */
async function* piecesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const received of stream) {
    let rest = received;
    while (length + rest.length >= chunkBytes) {
      const end = chunkBytes - length;
      yield Buffer.concat([...waiting, rest.subarray(0, end)], chunkBytes);
      rest = rest.subarray(end);
      waiting = [];
      length = 0;
    }
    if (rest.length > 0) waiting.push(rest);
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(waiting, length);
}

/** The same of a file, where null stands for a piece that is a hole. */
async function* piecesOfFile(path: string, sizeBytes: number): AsyncGenerator<Buffer | null> {
  const extents = await listData({ uid: null, cwd: '/' }, path);
  const file = await open(path, 'r');
  try {
    for (let offset = 0; offset < sizeBytes; offset += chunkBytes) {
      const length = Math.min(chunkBytes, sizeBytes - offset);
      while (extents[0] && extents[0].start + extents[0].length <= offset) extents.shift();
      const isHole = !extents[0] || extents[0].start >= offset + length;
      yield isHole ? null : await readPiece(file, offset, length);
    }
  } finally {
    await file.close();
  }
}

async function readPiece(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  if (bytesRead !== length) throw new Error(`only ${bytesRead} of ${length} bytes were read at ${offset}`); // the rest is other memory
  return buffer;
}

const zeros = Buffer.alloc(chunkBytes);
const isZero = (bytes: Buffer): boolean => bytes.compare(zeros, 0, bytes.length) === 0;

async function* blocksOf(at: At, { owners, chunks, chunkBytes: size }: Manifest): AsyncGenerator<Block> {
  for (const [index, chunk] of chunks.entries()) {
    if (chunk === null) continue;
    const [owner, digest] = chunk;
    yield { offset: index * size, bytes: await readChunk(at, owners[owner] ?? '', digest) };
  }
}
