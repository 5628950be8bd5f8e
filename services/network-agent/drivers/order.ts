import { openLanes } from '#shared/clock/lanes.ts';

/** One at a time per key; the caller gets the result, or the error. */
export function inOrder(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const lanes = openLanes();
  return (key, work) =>
    new Promise((resolve, reject) => {
      lanes(key, () => work().then(resolve, reject));
    });
}

/** Runs the work for each call, but calls that come while it runs share the next run. */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        current = work();
        return current;
      });
    return next;
  };
}
