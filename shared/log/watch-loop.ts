/**
 * Logs where the event loop stood still. A worker waits for the beat of the main thread; when it stays away, it asks the
 * main thread's inspector, which answers in the midst of what runs there, for the stack. In idle times this costs a timer
 * that stores a number, and a thread that sleeps.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from './log.ts';

export interface LoopWatch {
  close(): Promise<void>;
}

/** What the worker tells: `ms` so far, while it still stands, or in all. */
export interface Stall {
  readonly ms: number;
  readonly stack: readonly string[];
}

interface Options {
  readonly log: Log;
  readonly stallMs: number;
  /** Not more lines than one in so long; the next one says how many were left out. */
  readonly quietMs?: number;
}

export function watchLoop({ log, stallMs, quietMs = 5000 }: Options): LoopWatch {
  const beat = new Int32Array(new SharedArrayBuffer(4));
  const timer = setInterval(() => {
    Atomics.add(beat, 0, 1);
  }, stallMs / 2).unref();
  const worker = new Worker(new URL('./watch-loop-worker.js', import.meta.url), {
    workerData: { beat, stallMs },
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
  let [quietUntil, leftOut] = [0, 0];
  worker.on('message', ({ ms, stack }: Stall) => {
    if (performance.now() < quietUntil) {
      leftOut += 1;
      return;
    }
    log.warn({ ms, stack, ...(leftOut > 0 ? { leftOut } : {}) }, 'the event loop stood still');
    [quietUntil, leftOut] = [performance.now() + quietMs, 0];
  });
  worker.on('error', (error) => log.warn({ error }, 'nobody watches the event loop'));
  worker.unref();
  const close = async () => {
    clearInterval(timer);
    await worker.terminate();
  };
  return { close };
}
