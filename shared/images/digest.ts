/** Bytes of an image on their way to a host, held against what the image service says of them. */
import { createHash } from 'node:crypto';
import { BadImage } from './reader.ts';

export interface ImageDigest {
  readonly sizeBytes: number | null;
  /** Of the bytes as they are sent: `sha512` and its hex. */
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

/** Passes them on; at their end throws BadImage for another hash, and an error that may pass when they were cut short. */
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
