/** Reads a stream in blocks of a fixed size and computes its digests, in constant memory. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

const blockBytes = 1024 * 1024;

export interface Digest {
  readonly size: number;
  readonly md5: string;
  readonly sha512: string;
}

/** Calls `onBlock` for one block at a time; the buffer is reused, so it must not be kept. */
export async function digestBlocks(
  stream: Readable,
  onBlock: (block: Buffer, offset: number) => Promise<void>,
): Promise<Digest> {
  const hashes = [createHash('md5'), createHash('sha512')] as const;
  const block = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  let size = 0;
  const flush = async () => {
    const full = block.subarray(0, filled);
    const handled = onBlock(full, size); // writing and hashing run in parallel
    for (const hash of hashes) hash.update(full);
    await handled;
    size += filled;
    filled = 0;
  };
  // the stream stays open when a block is refused: the caller reads the rest, so that the client gets the response
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(block, filled, at, Math.min(chunk.length, at + blockBytes - filled));
      at += copied;
      filled += copied;
      if (filled === blockBytes) await flush();
    }
  if (filled > 0) await flush();
  const [md5, sha512] = hashes.map((hash) => hash.digest('hex')) as [string, string];
  return { size, md5, sha512 };
}
