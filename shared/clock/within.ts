/** Resolves like the promise, or with `late` after `ms`; the promise goes on. */
export async function within<T, L = undefined>(ms: number, promise: Promise<T>, late?: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<L>((resolve) => {
    timer = setTimeout(resolve, ms, late as L);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}
