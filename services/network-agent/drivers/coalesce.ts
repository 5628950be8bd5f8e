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
