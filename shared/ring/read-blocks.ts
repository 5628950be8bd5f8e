/** From a stream to blocks of one size, with events: awaiting every chunk would cost a third more. */
import { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Block, blockBytes } from '#shared/contracts/object-agent.ts';
import { freeBuffer } from '#shared/http/bytes.ts';

/** The sender went away before the end of what it promised. */
export class Interrupted extends Error {}

interface Pouring {
  /** Called with each chunk as it comes: to count, to hash, not to keep. Throws to stop. */
  readonly onChunk?: (chunk: Buffer) => void;
  /** One at a time, while the next block gathers. What a whole block had in memory may be gone once this resolves. */
  readonly onBlock: (block: Block) => Promise<void>;
  /** Longer silence ends it. */
  readonly idleMs?: number;
}

/** Resolves when everything was taken; rejects with the first thing that went wrong. */
export function readBlocks(source: Readable, { onChunk, onBlock, idleMs = 60_000 }: Pouring): Promise<void> {
  return new Promise((resolve, reject) => {
    let gathered = nothing();
    const waiting: Gathering[] = [];
    const isOurs = source instanceof IncomingMessage; // what the parser of HTTP made, it made for us alone
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

interface Gathering extends Block {
  readonly chunks: Buffer[];
  /** The chunks that end in this block: nothing of them is in the next. */
  readonly done: Buffer[];
  bytes: number;
  crc: number;
}

const nothing = (): Gathering => ({ chunks: [], done: [], bytes: 0, crc: 0 });
