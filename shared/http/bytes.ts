/** Bytes that are read when somebody wants them, and how they leave as an answer. */
import type { ServerResponse } from 'node:http';

export interface Bytes {
  /**
   * The next piece, undefined at the end. It is the reader's alone, who may free it. Throws when the rest cannot be had
   * from here.
   */
  read(): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

export const isBytes = (thing: unknown): thing is Bytes =>
  typeof thing === 'object' && thing !== null && 'read' in thing && 'close' in thing;

/** Everything, as fast as the client takes it; with less when it goes away. No stream between: that would cost as much again. */
export async function pump(bytes: Bytes, res: ServerResponse): Promise<void> {
  const closed = new Promise<void>((go) => res.once('close', go));
  try {
    for (let chunk = await bytes.read(); chunk && !res.destroyed; chunk = await bytes.read())
      await Promise.race([written(res, chunk), closed]);
    res.end();
  } finally {
    await bytes.close();
  }
}

/** Resolves when the kernel has it. */
const written = (res: ServerResponse, chunk: Buffer): Promise<void> =>
  new Promise((go) =>
    res.write(chunk, (error) => {
      if (!error) freeBuffer(chunk);
      go();
    }),
  );

/**
 * Frees a large chunk that nobody else has, not the kernel either. The collector would come for it too, but counts such
 * memory as its own: every few MiB it would mark all that the process has.
 */
export function freeBuffer({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
}
