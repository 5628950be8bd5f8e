/**
 * The format of the files of an object: body, metadata as JSON, CRC32 of the JSON, its length, eight bytes of magic. Body and
 * metadata are written together, and no tool that copies files can lose one of them.
 */
import { crc32 } from 'node:zlib';
import type { Headers } from '#shared/contracts/object-agent.ts';

export interface Trailer {
  /** Account, container, object. */
  readonly path: readonly string[];
  readonly timestamp: string;
  readonly headers: Headers;
  readonly bytes: number;
  /** The CRC32 of each block of the body. */
  readonly crcs: readonly number[];
}

/** The content of a file is not what was written. */
export class CorruptObject extends Error {}

const magic = Buffer.from('WATTLE\x01\n');
const longest = 4 * 1024 * 1024;
export const endBytes = 8 + magic.length;

export function encodeTrailer(trailer: Trailer): Buffer {
  const json = Buffer.from(JSON.stringify(trailer));
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32(json), 0);
  end.writeUInt32LE(json.length, 4);
  return Buffer.concat([json, end, magic]);
}

/** The length of the trailer, from the last bytes of its file. */
export function trailerBytes(tail: Buffer): number {
  if (tail.length < endBytes || !tail.subarray(-magic.length).equals(magic))
    throw new CorruptObject('there is no trailer');
  const length = tail.readUInt32LE(tail.length - endBytes + 4);
  if (length > longest) throw new CorruptObject('the trailer is longer than any');
  return length + endBytes;
}

/** Parses the trailer at the end of these bytes, which must contain all of it. */
export function decodeTrailer(tail: Buffer, fileBytes: number): Trailer {
  const length = trailerBytes(tail);
  if (length > tail.length) throw new CorruptObject('the trailer is cut');
  const json = tail.subarray(tail.length - length, tail.length - endBytes);
  if (crc32(json) !== tail.readUInt32LE(tail.length - endBytes)) throw new CorruptObject('the trailer has changed');
  const trailer = JSON.parse(json.toString()) as Trailer;
  if (trailer.bytes + length !== fileBytes) throw new CorruptObject('the body is not as long as it was');
  return trailer;
}
