/** Bytes of an image, wherever they are. Reading past the end gives less, or nothing. */
import type { FileHandle } from 'node:fs/promises';

export interface Bytes {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** Why an image is not accepted. The sentence is shown to the user who uploaded it. */
export class BadImage extends Error {}

export const hasParent = () => new BadImage('it has a parent image, which an uploaded image must not have');

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

/** Numbers in a header must lie within what is there; a size beyond 2^53 is no size. */
export function safe(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadImage(`${what} is not plausible`);
  return Number(value);
}

export async function need(bytes: Bytes, offset: number, length: number, what: string): Promise<Buffer> {
  const found = offset < bytes.size ? await bytes.read(offset, length) : Buffer.alloc(0);
  if (found.length < length) throw new BadImage(`it ends before its ${what}`);
  return found;
}
