/** Imports that this process is working on. */
export interface Downloads {
  begin(work: (signal: AbortSignal) => Promise<void>): void;
  /** Ends all: their images become queued again. */
  close(): Promise<void>;
}

export function openDownloads(): Downloads {
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  const begin: Downloads['begin'] = (work) => {
    const done = work(stop.signal).finally(() => running.delete(done));
    running.add(done);
  };
  const close = async () => {
    stop.abort();
    await Promise.allSettled(running);
  };
  return { begin, close };
}
