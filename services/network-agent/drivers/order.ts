import { keyedQueue } from '#shared/clock/keyed-queue.ts';

/** One at a time per key; the caller gets the result, or the error. */
export function inOrder(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const queues = keyedQueue();
  return (key, work) =>
    new Promise((resolve, reject) => {
      queues(key, () => work().then(resolve, reject));
    });
}

/** Runs the work for each call, but calls that come while it runs share the next run. */
export function coalesced<T>(work: () => Promise<T>): () => Promise<T> {
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
