/** A lazy source of bytes, and how it is sent as an answer. */
import type { ServerResponse } from 'node:http';

export interface Bytes {
  /**
   * Returns the next chunk, undefined at the end. The reader owns the chunk and may free it. Throws when the rest cannot be
   * read from here.
   */
  read(): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** The source of one chunk. */
export function bytesIn(buffer: Buffer | undefined): Bytes {
  let rest = buffer?.length ? buffer : undefined;
  const read = async () => {
    const chunk = rest;
    rest = undefined;
    return chunk;
  };
  return { read, close: async () => {} };
}

/** All bytes of a source. */
export async function readAll({ read }: Pick<Bytes, 'read'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let chunk = await read(); chunk; chunk = await read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const isBytes = (value: unknown): value is Bytes =>
  typeof value === 'object' && value !== null && 'read' in value && 'close' in value;

/**
 * Sends all bytes as fast as the client reads them, and closes the source; stops when the client disconnects. Without a
 * Node stream between, which would double the cost.
 */
export async function sendBytes(bytes: Bytes, res: ServerResponse): Promise<void> {
  const closed = new Promise<void>((go) => res.once('close', go));
  try {
    for (let chunk = await bytes.read(); chunk && !res.destroyed; chunk = await bytes.read())
      await Promise.race([written(res, chunk), closed]);
    res.end();
  } finally {
    await bytes.close();
  }
}

/** Resolves when the kernel has accepted the chunk. */
const written = (res: ServerResponse, chunk: Buffer): Promise<void> =>
  new Promise((go) =>
    res.write(chunk, (error) => {
      if (!error) freeBuffer(chunk);
      go();
    }),
  );

/**
 * Frees the memory of a buffer that nothing else uses, neither code nor the kernel. The garbage collector would free it
 * later, but counts such memory and would run a full mark phase every few MiB.
 */
export function freeBuffer({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
}
