/** Runs work with the same key in order, and work with different keys concurrently. The work must not reject. */
export function keyedQueue(): (key: string, work: () => Promise<void>) => void {
  const last = new Map<string, Promise<void>>();
  return (key, work) => {
    const queue = (last.get(key) ?? Promise.resolve()).then(work).finally(() => {
      if (last.get(key) === queue) last.delete(key);
    });
    last.set(key, queue);
  };
}
