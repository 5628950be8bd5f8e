/** An empty qcow2 image, which a fake host uploads as the copy of a disk. */
const clusterBits = 16;
const cluster = 1 << clusterBits;
const headerBytes = 104;

/** Four clusters: header, refcount table, refcount block, and the level-1 table, which maps nothing. */
export function emptyQcow2(virtualBytes: bigint): Buffer {
  const l1Entries = Number((virtualBytes + (1n << 29n) - 1n) >> 29n); // each maps 512 MiB
  const image = Buffer.alloc(4 * cluster);
  image.writeUInt32BE(0x514649fb, 0); // QFI\xfb
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(virtualBytes, 24);
  image.writeUInt32BE(l1Entries, 36);
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96); // refcounts of 16 bits
  image.writeUInt32BE(headerBytes, 100);
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let at = 0; at < 4; at += 1) image.writeUInt16BE(1, 2 * cluster + 2 * at);
  return image;
}
