/** Splits a stream into blocks of one size. Uses events, since awaiting every chunk costs a third more. */

import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Block, blockBytes } from '#shared/contracts/object-agent.ts';
import { freeBuffer } from '#shared/http/bytes.ts';
import { IncomingMessage } from '#shared/net/http.ts';

/** The client disconnected, or sent nothing for too long. */
export class Interrupted extends Error {}

interface ReadBlocksOptions {
  /** Called with each chunk, to count or hash it; it must not keep the chunk. An exception stops the reading. */
  readonly onChunk?: (chunk: Buffer) => void;
  /** Called with one block at a time, while the next is read. The memory of a block may be freed once this resolves. */
  readonly onBlock: (block: Block) => Promise<void>;
  /** The maximum time without a byte; 60 000 by default. */
  readonly idleMs?: number;
}

/** Resolves when all blocks are processed; rejects with the first error, Interrupted for one of the client. */
export function readBlocks(source: Readable, { onChunk, onBlock, idleMs = 60_000 }: ReadBlocksOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let gathered = nothing();
    const waiting: PendingBlock[] = [];
    const isOurs = source instanceof IncomingMessage; // buffers of the HTTP parser have no other user
    let writing = false;
    let ended = false;
    let settled = false;
    let idle = setTimeout(() => fail(new Interrupted('nothing came for too long')), idleMs);

    const finish = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(idle);
      source.off('data', take).off('end', end).off('error', fail).off('close', gone).off('aborted', gone);
      act();
    };
    const fail = (error: unknown) =>
      finish(() => {
        source.on('error', () => {}); // the first error has been reported
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
        gathered.chunks.push(part);
        gathered.bytes += part.length;
        gathered.crc = crc32(part, gathered.crc);
        if (rest.length === 0) gathered.done.push(chunk);
        if (gathered.bytes === blockBytes) finishBlock();
      }
      if (waiting.length > 0 && writing) source.pause();
    };
    const finishBlock = () => {
      waiting.push(gathered);
      gathered = nothing();
      if (!writing) void drain();
    };
    const drain = async () => {
      writing = true;
      try {
        for (let block = waiting.shift(); block && !settled; block = waiting.shift()) {
          source.resume();
          await onBlock(block);
          if (isOurs && block.bytes === blockBytes) block.done.forEach(freeBuffer);
          idle.refresh();
        }
      } catch (error) {
        return fail(error);
      }
      writing = false;
      if (ended) finish(resolve);
    };
    const end = () => {
      ended = true;
      if (gathered.bytes > 0) finishBlock();
      if (!writing) finish(resolve);
    };
    idle = idle.unref();
    source.on('data', take).on('end', end).on('error', fail).on('close', gone).on('aborted', gone);
  });
}

interface PendingBlock extends Block {
  readonly chunks: Buffer[];
  /** The chunks that end in this block, which the next block does not use. */
  readonly done: Buffer[];
  bytes: number;
  crc: number;
}

const nothing = (): PendingBlock => ({ chunks: [], done: [], bytes: 0, crc: 0 });
