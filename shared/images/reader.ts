/** Random access to image data. Reading past the end returns fewer bytes, or none. */
import type { FileHandle } from 'node:fs/promises';

export interface Bytes {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** The image is refused. The message is shown to the user. */
export class BadImage extends Error {}

export const parentError = () => new BadImage('it has a parent image, which an uploaded image must not have');

export const bytesOf = (buffer: Buffer): Bytes => ({
  size: buffer.length,
  read: async (offset, length) => buffer.subarray(offset, offset + length),
});

export async function fileBytes(file: FileHandle): Promise<Bytes> {
  const { size } = await file.stat();
  return {
    size,
    read: async (offset, length) => {
      if (offset >= size) return Buffer.alloc(0);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
  };
}

/** Converts a number from a header; throws BadImage above 2^53. */
export function toSafeNumber(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadImage(`${what} is not plausible`);
  return Number(value);
}

export async function readExactly(bytes: Bytes, offset: number, length: number, what: string): Promise<Buffer> {
  const found = offset < bytes.size ? await bytes.read(offset, length) : Buffer.alloc(0);
  if (found.length < length) throw new BadImage(`it ends before its ${what}`);
  return found;
}
