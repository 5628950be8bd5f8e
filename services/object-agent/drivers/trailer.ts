/**
 * Every file of an object ends with what is known of it: body, JSON, crc32 of the JSON, its length, eight bytes of
 * magic. One write makes body and metadata, and no tool that copies files can lose the half of it.
 */
import { crc32 } from 'node:zlib';
import type { Headers } from '#shared/contracts/object-agent.ts';

export interface Trailer {
  /** Account, container, object. */
  readonly path: readonly string[];
  readonly timestamp: string;
  readonly headers: Headers;
  readonly bytes: number;
  /** The crc32 of each block of the body. */
  readonly crcs: readonly number[];
}

/** A file that is not what was written. */
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

/** How long the trailer is, from the last bytes of its file. */
export function trailerBytes(tail: Buffer): number {
  if (tail.length < endBytes || !tail.subarray(-magic.length).equals(magic))
    throw new CorruptObject('there is no trailer');
  const length = tail.readUInt32LE(tail.length - endBytes + 4);
  if (length > longest) throw new CorruptObject('the trailer is longer than any');
  return length + endBytes;
}

/** The trailer at the end of these bytes, which hold it whole, of a file of this size. */
export function decodeTrailer(tail: Buffer, fileBytes: number): Trailer {
  const length = trailerBytes(tail);
  if (length > tail.length) throw new CorruptObject('the trailer is cut');
  const json = tail.subarray(tail.length - length, tail.length - endBytes);
  if (crc32(json) !== tail.readUInt32LE(tail.length - endBytes)) throw new CorruptObject('the trailer has changed');
  const trailer = JSON.parse(json.toString()) as Trailer;
  if (trailer.bytes + length !== fileBytes) throw new CorruptObject('the body is not as long as it was');
  return trailer;
}
