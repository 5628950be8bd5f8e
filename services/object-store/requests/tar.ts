/**
 * Reads a tar archive file by file, in constant memory: ustar, pax and the long names of GNU. Of the packages that do so, `tar`
 * drops the extended attributes that become metadata here, and `tar-stream` brings the file system of another runtime.
 */
import { refuse } from './refusals.ts';

export interface TarFile {
  readonly name: string;
  readonly size: number;
  /** Extended attributes and other records of a pax header. */
  readonly records: ReadonlyMap<string, string>;
  /** Has to be read to its end before the next file. */
  readonly bytes: AsyncIterable<Buffer>;
}

const blockBytes = 512;
/** Of names and pax headers. */
const longestMeta = 1024 * 1024;
const broken = (why: string) => refuse(400, `Invalid Tar File: ${why}`);

export async function* tarFiles(stream: AsyncIterable<unknown>): AsyncGenerator<TarFile> {
  const source = reader(stream);
  let longName: string | undefined;
  let records = new Map<string, string>();
  for (;;) {
    const head = await source.exactly(blockBytes);
    if (!head || head.every((byte) => byte === 0)) return;
    const { name, size, type } = headOf(head);
    const fill = (blockBytes - (size % blockBytes)) % blockBytes;
    if (type === 'L' || type === 'x' || type === 'g') {
      if (size > longestMeta) throw broken('a header is too long');
      const text = await source.exactly(size);
      if (!text) throw broken('it ended before its end');
      if (type === 'L') longName = text.toString().replace(/\0.*$/s, '');
      if (type === 'x') records = recordsIn(text);
      await source.skip(fill);
      continue;
    }
    const own = Number(records.get('size') ?? size);
    if (!Number.isSafeInteger(own) || own < 0) throw broken('a size is malformed');
    const left = { bytes: own };
    const isFile = type === '0' || type === '\0' || type === '7';
    if (isFile) yield { name: records.get('path') ?? longName ?? name, size: own, records, bytes: source.some(left) };
    await source.skip(left.bytes + ((blockBytes - (own % blockBytes)) % blockBytes));
    longName = undefined;
    records = new Map();
  }
}

function headOf(head: Buffer): { name: string; size: number; type: string } {
  const text = (from: number, to: number) => head.subarray(from, to).toString().replace(/\0.*$/s, '');
  const sum = head.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== Number.parseInt(text(148, 156).trim(), 8)) throw broken('the checksum of a header is wrong');
  const prefix = text(257, 262) === 'ustar' && text(262, 265) !== '  ' ? text(345, 500) : '';
  const size =
    (head[124] ?? 0) >= 0x80 ? Number(head.readBigUInt64BE(128)) : Number.parseInt(text(124, 136).trim() || '0', 8);
  if (!Number.isSafeInteger(size) || size < 0) throw broken('a size is malformed');
  return { name: prefix ? `${prefix}/${text(0, 100)}` : text(0, 100), size, type: String.fromCharCode(head[156] ?? 0) };
}

/** `27 path=a/long/name\n`, one after the other. */
function recordsIn(text: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(0x20, at);
    const length = Number(text.subarray(at, space).toString());
    if (space < 0 || !Number.isInteger(length) || length <= space - at + 1 || at + length > text.length)
      throw broken('a pax header is malformed');
    const record = text.subarray(space + 1, at + length - 1).toString();
    const sign = record.indexOf('=');
    if (sign > 0) records.set(record.slice(0, sign), record.slice(sign + 1));
    at += length;
  }
  return records;
}

function reader(stream: AsyncIterable<unknown>) {
  const chunks = stream[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const next = async (): Promise<boolean> => {
    const { value, done } = await chunks.next();
    if (!done) held = value as Buffer;
    return !done;
  };
  /** At most so many; undefined at the end. */
  const upTo = async (most: number): Promise<Buffer | undefined> => {
    while (held.length === 0) if (!(await next())) return undefined;
    const part = held.subarray(0, most);
    held = held.subarray(part.length);
    return part;
  };
  const exactly = async (bytes: number): Promise<Buffer | undefined> => {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0; ) {
      const part = await upTo(left);
      if (!part) return undefined;
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  };
  /** Counts down what is left. */
  async function* some(left: { bytes: number }): AsyncGenerator<Buffer> {
    while (left.bytes > 0) {
      const part = await upTo(left.bytes);
      if (!part) throw broken('it ended before its end');
      left.bytes -= part.length;
      yield part;
    }
  }
  const skip = async (bytes: number): Promise<void> => {
    for (let left = bytes; left > 0; ) {
      const part = await upTo(left);
      if (!part) return;
      left -= part.length;
    }
  };
  return { exactly, some, skip };
}
