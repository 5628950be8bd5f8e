import { keyedQueue } from '#shared/clock/keyed-queue.ts';

/** Runs work of one key one at a time, in order; resolves to its result, or rejects with its error. */
export function keyedMutex(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const queues = keyedQueue();
  return (key, work) =>
    new Promise((resolve, reject) => {
      queues(key, () => work().then(resolve, reject));
    });
}

/** Calls that arrive during a run share the next run. */
export function coalesce<T>(work: () => Promise<T>): () => Promise<T> {
  let current: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        const running = work();
        current = running;
        return running;
      });
    return next;
  };
}
