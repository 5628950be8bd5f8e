/** The files of one object, of which the newest timestamp wins: `T.data` has the bytes, `T.meta` the changes of a POST, `T.ts` is a tombstone. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { namesIn } from '../drivers/device.ts';
import { unlink } from '../drivers/disk.ts';
import { decodeTrailer, endBytes, type Trailer, trailerBytes } from '../drivers/trailer.ts';

export interface Files {
  /** Timestamps; of data and gone never both. */
  readonly data?: string;
  readonly meta?: string;
  readonly gone?: string;
  readonly obsolete: readonly string[];
}

/** Timestamps sort as text. */
const latest = (words: readonly string[]): string => words.toSorted((a, b) => (a < b ? 1 : -1))[0] ?? '';
const newest = (names: readonly string[], ending: string): string =>
  latest(names.filter((name) => name.endsWith(ending)));
const timestampIn = (name: string): string => name.slice(0, name.lastIndexOf('.'));

/** The state of an object by its directory, and its obsolete files. */
export function filesIn(directory: string): Files {
  return filesOf(namesIn(directory));
}

export function filesOf(names: readonly string[]): Files {
  const data = timestampIn(newest(names, '.data'));
  const gone = timestampIn(newest(names, '.ts'));
  const meta = timestampIn(newest(names, '.meta'));
  const keep = survivors(data, meta, gone);
  const kept = [`${keep.data}.data`, `${keep.meta}.meta`, `${keep.gone}.ts`];
  return { ...keep, obsolete: names.filter((name) => !kept.includes(name)) };
}

function survivors(data: string, meta: string, gone: string): Omit<Files, 'obsolete'> {
  if (gone && gone >= data) return { gone };
  if (!data) return {};
  return meta > data ? { data, meta } : { data };
}

/** The time of the last change. */
export const lastOf = ({ data = '', meta = '', gone = '' }: Files): string => latest([data, meta, gone]);

/** Deletes files that a newer write has made obsolete. */
export async function removeObsolete(directory: string): Promise<void> {
  await Promise.all(filesIn(directory).obsolete.map((name) => unlink(join(directory, name))));
}

export interface Opened {
  readonly fd: number;
  readonly file: string;
  readonly trailer: Trailer;
  /** The whole body, verified, when it is small. */
  readonly small: Buffer | undefined;
}

const tailBytes = 64 * 1024;

/** Reads the trailer of a file, and with it a small body. The caller closes the file. Throws CorruptObject, or ENOENT when it was deleted. */
export function openFile(file: string): Opened {
  const fd = fs.openSync(file, 'r');
  try {
    const { size } = fs.fstatSync(fd);
    const tail = readAt(fd, Math.max(0, size - tailBytes), Math.min(size, tailBytes));
    const length = tail.length >= endBytes ? trailerBytes(tail) : 0;
    const whole = length > tail.length ? readAt(fd, Math.max(0, size - length), Math.min(size, length)) : tail;
    const trailer = decodeTrailer(whole, size);
    const small = size <= tail.length ? tail.subarray(0, trailer.bytes) : undefined;
    return { fd, file, trailer, small };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  const read = fs.readSync(fd, buffer, 0, length, position);
  return buffer.subarray(0, read);
}

export function readTrailer(file: string): Trailer {
  const { fd, trailer } = openFile(file);
  fs.closeSync(fd);
  return trailer;
}

/** The headers that a POST replaces together; the others stay as the PUT set them. */
const replaced =
  /^(x-object-meta-|x-object-transient-sysmeta-|content-encoding|content-disposition|content-language|cache-control|expires|x-robots-tag|x-delete-at|x-object-manifest)/;

export function amended(data: Headers, meta: Headers): Headers {
  const stays = Object.entries(data).filter(([name]) => !replaced.test(name));
  return { ...Object.fromEntries(stays), ...meta };
}
