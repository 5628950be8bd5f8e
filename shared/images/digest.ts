/** Verifies downloaded image data against the size and digest of the image service. */
import { createHash } from 'node:crypto';
import { BadImage } from './reader.ts';

export interface ImageDigest {
  readonly sizeBytes: number | null;
  /** Digest of the data as sent: algorithm, such as `sha512`, and hex value. */
  readonly hash: { readonly algorithm: string; readonly value: string } | null;
}

interface Described {
  readonly size: number | null;
  readonly os_hash_algo?: string | null;
  readonly os_hash_value?: string | null;
}

export const digestOf = ({ size, os_hash_algo: algorithm, os_hash_value: value }: Described): ImageDigest => ({
  sizeBytes: size,
  hash: algorithm && value ? { algorithm, value } : null,
});

/** Passes the data on; at its end throws BadImage for a wrong digest, and a transient error for a truncated body. */
export async function* checkedBytes(body: AsyncIterable<Buffer>, { sizeBytes, hash }: ImageDigest) {
  const sum = hash && createHash(hash.algorithm);
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    sum?.update(chunk);
    yield chunk;
  }
  if (sizeBytes !== null && bytes !== sizeBytes) throw new Error(`${bytes} bytes came of an image of ${sizeBytes}`);
  if (sum && sum.digest('hex') !== hash?.value) throw new BadImage('its bytes do not match its checksum');
}
