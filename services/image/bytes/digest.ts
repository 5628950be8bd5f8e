/** Reads bytes as they come, in pieces of one size, and adds up what they are. Memory stays flat whatever their number. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

const pieceBytes = 1024 * 1024;

export interface Digest {
  readonly size: number;
  readonly md5: string;
  readonly sha512: string;
}

/** `take` gets each piece when the one before is done; it must not keep it. */
export async function digestPieces(
  stream: Readable,
  take: (piece: Buffer, offset: number) => Promise<void>,
): Promise<Digest> {
  const hashes = [createHash('md5'), createHash('sha512')] as const;
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  let filled = 0;
  let size = 0;
  const flush = async () => {
    const full = piece.subarray(0, filled);
    const taken = take(full, size); // the disk works while the hashes do
    for (const hash of hashes) hash.update(full);
    await taken;
    size += filled;
    filled = 0;
  };
  // what is left when a piece is refused still has to be read, or the client hears no answer
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(piece, filled, at, Math.min(chunk.length, at + pieceBytes - filled));
      at += copied;
      filled += copied;
      if (filled === pieceBytes) await flush();
    }
  if (filled > 0) await flush();
  const [md5, sha512] = hashes.map((hash) => hash.digest('hex')) as [string, string];
  return { size, md5, sha512 };
}
