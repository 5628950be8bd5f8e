/** Bytes of an image, wherever they are. Reading past the end gives less, or nothing. */
export interface Bytes {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** What an image is not allowed to be. The sentence is shown to who uploaded it. */
export class BadImage extends Error {}

/** Numbers in a header must lie within what is there; a size beyond 2^53 is no size. */
export function safe(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadImage(`${what} is not plausible`);
  return Number(value);
}

export async function need(bytes: Bytes, offset: number, length: number, what: string): Promise<Buffer> {
  const found = await bytes.read(offset, length);
  if (found.length < length) throw new BadImage(`it ends before its ${what}`);
  return found;
}
