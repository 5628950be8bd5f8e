/** Cleanup of what a benchmark creates outside this process: at its end, and on SIGINT or SIGTERM. */
const cleanups = new Set<() => Promise<unknown>>();

export async function withCleanup<T>(cleanup: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  cleanups.add(cleanup);
  try {
    return await work();
  } finally {
    cleanups.delete(cleanup);
    await cleanup();
  }
}

const stop = async () => {
  await Promise.allSettled([...cleanups].map((cleanup) => cleanup()));
  process.exit(130);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
