/** A source of bytes: an object, or the segments of a large object. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { blockBytes, type Headers } from '#shared/contracts/object-agent.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import { bytesOf, read } from '../cluster/read.ts';
import type { ObjectStore } from '../context.ts';
import { type ObjectPath, partsOf } from '../requests/request.ts';
import type { Range } from './conditions.ts';

export interface Source {
  readonly headers: Headers;
  /** Infinity for an unknown length: then the whole is sent, without Content-Length. */
  readonly length: number;
  /** Empty when it is unknown. */
  readonly etag: string;
  /** True when only one range can be read per request. */
  readonly oneRange?: boolean;
  /** Of the segments of a static large object, in order. */
  readonly partLengths?: readonly number[];
  open(range: Range): Promise<Bytes>;
}

export const wholeOf = (length: number): Range => ({ from: 0, to: length - 1 });

/** Returns the object as it is stored. Throws 404. */
export async function objectSource(store: ObjectStore, target: ObjectPath, newest = false): Promise<Source> {
  const path = partsOf(target);
  const { headers } = await read(store, { kind: 'object', method: 'HEAD', path, newest });
  const length = Number(headers['content-length'] ?? 0);
  return { headers, length, etag: headers.etag ?? '', open: (range) => openObject(store, target, range) };
}

/** A range of the whole can be read without knowing the length. */
export async function openObject(store: ObjectStore, target: ObjectPath, range: Range): Promise<Bytes> {
  const reading = { kind: 'object', method: 'GET', path: partsOf(target) } as const;
  const answer = await read(store, { ...reading, headers: { 'x-backend-range': `${range.from}-${range.to}` } });
  return bytesOf(store, reading, answer, range);
}

export interface Part {
  readonly source: Pick<Source, 'open'>;
  readonly length: number;
}

/** Concatenates sources. The first is open when this resolves; the others are opened on demand. */
export async function chained(parts: readonly Part[], { from, to }: Range): Promise<Bytes> {
  let start = 0;
  const wanted = parts.flatMap(({ source, length }) => {
    const range = { from: Math.max(0, from - start), to: Math.min(length - 1, to - start) };
    start += length;
    return range.from <= range.to ? [{ source, range }] : [];
  });
  const openNext = async () => {
    const next = wanted.shift();
    return next?.source.open(next.range);
  };
  return inOrder(await openNext(), openNext);
}

/** The open source, then those that `openNext` returns, until it returns undefined. */
export function inOrder(first: Bytes | undefined, openNext: () => Promise<Bytes | undefined>): Bytes {
  let current = first;
  const read = async (): Promise<Buffer | undefined> => {
    while (current) {
      const chunk = await current.read();
      if (chunk) return chunk;
      await current.close();
      current = await openNext();
    }
    return undefined;
  };
  return { read, close: async () => current?.close() };
}

/** A stream for an upload, which reads a block at a time. */
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

export const md5 = (text: string | Buffer): string => createHash('md5').update(text).digest('hex');
