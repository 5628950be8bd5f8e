/** The checksums that clients of S3 send beside MD5, each in base64. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Checksum {
  update(chunk: Buffer): void;
  /** In base64. */
  digest(): string;
}

const hashed = (name: string) => (): Checksum => {
  const hash = createHash(name);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('base64') };
};

function plainCrc32(): Checksum {
  let value = 0;
  const update = (chunk: Buffer) => {
    value = crc32(chunk, value);
  };
  return { update, digest: () => base64(value) };
}

const base64 = (...words: readonly number[]): string => {
  const bytes = Buffer.alloc(4 * words.length);
  words.forEach((word, at) => void bytes.writeUInt32BE(word >>> 0, 4 * at));
  return bytes.toString('base64');
};

/** Of Castagnoli's polynomial, reflected. */
const tableC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

function crc32c(): Checksum {
  let value = 0xffffffff;
  const update = (chunk: Buffer) => {
    for (const byte of chunk) value = (tableC[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  };
  return { update, digest: () => base64(~value) };
}

/** CRC-64/NVME, reflected, as two halves of 32 bits. */
const table64 = (() => {
  const [high, low] = [new Uint32Array(256), new Uint32Array(256)];
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
    high[byte] = Number(value >> 32n);
    low[byte] = Number(value & 0xffffffffn);
  }
  return { high, low };
})();

function crc64nvme(): Checksum {
  let [high, low] = [0xffffffff, 0xffffffff];
  const update = (chunk: Buffer) => {
    for (const byte of chunk) {
      const at = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (table64.low[at] ?? 0);
      high = (high >>> 8) ^ (table64.high[at] ?? 0);
    }
  };
  return { update, digest: () => base64(~high, ~low) };
}

export const checksums: ReadonlyMap<string, () => Checksum> = new Map([
  ['x-amz-checksum-crc32', plainCrc32],
  ['x-amz-checksum-crc32c', crc32c],
  ['x-amz-checksum-crc64nvme', crc64nvme],
  ['x-amz-checksum-sha1', hashed('sha1')],
  ['x-amz-checksum-sha256', hashed('sha256')],
]);
