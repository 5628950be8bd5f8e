/** A cache with a time to live, which is cleared after a change of this process. */
export interface TtlCache {
  /** Returns the cached value or fetches it; concurrent calls share one fetch. Failures are not cached. */
  get<T>(key: string, ask: () => Promise<T>): Promise<T>;
  /** Clears the cache: later calls fetch anew. */
  forget(): void;
}

/** `ms`: time to live, 1000 by default; `size`: the most entries, the oldest are dropped first. */
export function ttlCache({ ms = 1000, size = 1000 } = {}): TtlCache {
  const known = new Map<string, { readonly answer: Promise<unknown>; readonly until: number }>();
  const get = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const now = performance.now();
    const cached = known.get(key);
    if (cached && cached.until > now) return cached.answer as Promise<T>;
    const answer = ask();
    known.delete(key); // the oldest are first
    known.set(key, { answer, until: now + ms });
    if (known.size > size) known.delete(known.keys().next().value ?? '');
    answer.catch(() => {
      if (known.get(key)?.answer === answer) known.delete(key);
    });
    return answer;
  };
  return { get, forget: () => known.clear() };
}
