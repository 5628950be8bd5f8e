/** From a stream to blocks of one size, with events: awaiting every chunk would cost a third more. */
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Block, blockBytes } from '#shared/contracts/object-agent.ts';

/** The sender went away before the end of what it promised. */
export class Interrupted extends Error {}

interface Pouring {
  /** Called with each chunk as it comes: to count, to hash. Throws to stop. */
  readonly onChunk?: (chunk: Buffer) => void;
  /** One at a time, while the next block gathers. */
  readonly onBlock: (block: Block) => Promise<void>;
  /** Longer silence ends it. */
  readonly idleMs?: number;
}

/** Resolves when everything was taken; rejects with the first thing that went wrong. */
export function pour(source: Readable, { onChunk, onBlock, idleMs = 60_000 }: Pouring): Promise<void> {
  return new Promise((resolve, reject) => {
    let gathered: Gathering = { chunks: [], bytes: 0, crc: 0 };
    const waiting: Block[] = [];
    let writing = false;
    let ended = false;
    let settled = false;
    let idle = setTimeout(() => fail(new Interrupted('nothing came for too long')), idleMs);

    const settle = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(idle);
      source.off('data', take).off('end', end).off('error', fail).off('close', gone).off('aborted', gone);
      act();
    };
    const fail = (error: unknown) =>
      settle(() => {
        source.on('error', () => {}); // what still comes of it has been told
        reject(error);
      });
    const gone = () => ended || fail(new Interrupted('the sender went away'));
    const take = (chunk: Buffer) => {
      idle.refresh();
      try {
        onChunk?.(chunk);
      } catch (error) {
        return fail(error);
      }
      for (let rest = chunk; rest.length > 0; ) {
        const part = rest.subarray(0, blockBytes - gathered.bytes);
        rest = rest.subarray(part.length);
        gathered = {
          chunks: [...gathered.chunks, part],
          bytes: gathered.bytes + part.length,
          crc: crc32(part, gathered.crc),
        };
        if (gathered.bytes === blockBytes) finishBlock();
      }
      if (waiting.length > 0 && writing) source.pause();
    };
    const finishBlock = () => {
      waiting.push(gathered);
      gathered = { chunks: [], bytes: 0, crc: 0 };
      if (!writing) void drain();
    };
    const drain = async () => {
      writing = true;
      try {
        for (let block = waiting.shift(); block && !settled; block = waiting.shift()) {
          source.resume();
          await onBlock(block);
          idle.refresh();
        }
      } catch (error) {
        return fail(error);
      }
      writing = false;
      if (ended) settle(resolve);
    };
    const end = () => {
      ended = true;
      if (gathered.bytes > 0) finishBlock();
      if (!writing) settle(resolve);
    };
    idle = idle.unref();
    source.on('data', take).on('end', end).on('error', fail).on('close', gone).on('aborted', gone);
  });
}

interface Gathering {
  readonly chunks: Buffer[];
  bytes: number;
  crc: number;
}
