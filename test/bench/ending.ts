/** What a part of the bench leaves outside this process is taken away when it ends, and when somebody stops it in the middle. */
const ends = new Set<() => Promise<unknown>>();

export async function ending<T>(end: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  ends.add(end);
  try {
    return await work();
  } finally {
    ends.delete(end);
    await end();
  }
}

const stop = async () => {
  await Promise.allSettled([...ends].map((end) => end()));
  process.exit(130);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
