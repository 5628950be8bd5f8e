/** Something that can be read: an object, or the objects that a manifest strings together. */
import { Readable } from 'node:stream';
import { blockBytes, type Headers } from '#shared/contracts/object-agent.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import { bytesOf, read } from '../cluster/read.ts';
import type { ObjectStore } from '../context.ts';
import { partsOf, type Way } from '../requests/request.ts';
import type { Range } from './conditions.ts';

export interface Source {
  readonly headers: Headers;
  readonly length: number;
  readonly etag: string;
  open(range: Range): Promise<Bytes>;
}

export const wholeOf = (length: number): Range => ({ from: 0, to: length - 1 });

/** The object as it is stored. Throws 404. */
export async function objectSource(store: ObjectStore, way: Way, newest = false): Promise<Source> {
  const path = partsOf(way);
  const { headers } = await read(store, { kind: 'object', method: 'HEAD', path, newest });
  const length = Number(headers['content-length'] ?? 0);
  return { headers, length, etag: headers.etag ?? '', open: (range) => openObject(store, way, range) };
}

/** A range that is the whole may be asked for without knowing the length. */
export async function openObject(store: ObjectStore, way: Way, range: Range): Promise<Bytes> {
  const reading = { kind: 'object', method: 'GET', path: partsOf(way) } as const;
  const answer = await read(store, { ...reading, headers: { 'x-backend-range': `${range.from}-${range.to}` } });
  return bytesOf(store, reading, answer, range);
}

export interface Part {
  readonly source: Pick<Source, 'open'>;
  readonly length: number;
}

/** One after the other; each is opened when its turn comes. */
export function chained(parts: readonly Part[], { from, to }: Range): Bytes {
  let start = 0;
  const wanted = parts.flatMap(({ source, length }) => {
    const range = { from: Math.max(0, from - start), to: Math.min(length - 1, to - start) };
    start += length;
    return range.from <= range.to ? [{ source, range }] : [];
  });
  let current: Bytes | undefined;
  const readNext = async (): Promise<Buffer | undefined> => {
    const chunk = await current?.read();
    if (chunk) return chunk;
    await current?.close();
    const next = wanted.shift();
    current = await next?.source.open(next.range);
    return current ? readNext() : undefined;
  };
  return { read: readNext, close: async () => current?.close() };
}

/** For an upload: pulled a block at a time, as fast as they are taken. */
export function streamOf(bytes: Bytes): Readable {
  return new Readable({
    highWaterMark: blockBytes,
    read() {
      bytes.read().then(
        (chunk) => this.push(chunk ?? null),
        (error: unknown) => this.destroy(error as Error),
      );
    },
    destroy(error, done) {
      bytes.close().then(
        () => done(error),
        () => done(error),
      );
    },
  });
}
