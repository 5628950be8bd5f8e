/**
 * Logs what blocks the event loop. A timer of the main thread increments a shared counter (the heartbeat); a worker thread
 * watches the counter. When it stops, the worker takes the stack of the main thread through the inspector, which answers
 * while code runs there. The cost while nothing blocks is one timer and one sleeping thread.
 */
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Log } from './log.ts';

export interface LoopWatch {
  close(): Promise<void>;
}

/** A message of the worker: how long the loop was blocked, and the stack at that time (empty when it was not taken in time). */
export interface Stall {
  readonly ms: number;
  readonly stack: readonly string[];
}

interface Options {
  readonly log: Log;
  readonly stallMs: number;
  /** The shortest time between two lines; 5000 by default. The next line gives the number of those left out (`leftOut`). */
  readonly quietMs?: number;
}

export function watchLoop({ log, stallMs, quietMs = 5000 }: Options): LoopWatch {
  const beat = new Int32Array(new SharedArrayBuffer(4));
  const timer = setInterval(() => {
    Atomics.add(beat, 0, 1);
  }, stallMs / 2).unref();
  const worker = new Worker(new URL('./watch-loop-worker.js', import.meta.url), {
    workerData: { beat, stallMs },
    env: SHARE_ENV,
    trackUnmanagedFds: false,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  let [quietUntil, leftOut] = [0, 0];
  worker.on('message', ({ ms, stack }: Stall) => {
    if (performance.now() < quietUntil) {
      leftOut += 1;
      return;
    }
    log.warn({ ms, stack, ...(leftOut > 0 ? { leftOut } : {}) }, 'the event loop was blocked');
    [quietUntil, leftOut] = [performance.now() + quietMs, 0];
  });
  worker.on('error', (error) => log.warn({ error }, 'the watch of the event loop has ended'));
  worker.unref();
  const close = async () => {
    clearInterval(timer);
    await worker.terminate();
  };
  return { close };
}
