/** What was found out lately: at most a second old, and never older than what this process has changed itself. */
export interface TtlCache {
  /** Asks once, however many want to know at the same time. What fails is not remembered. */
  get<T>(key: string, ask: () => Promise<T>): Promise<T>;
  /** After a change: whoever asks from now on hears of it. */
  forget(): void;
}

export function ttlCache({ ms = 1000, size = 1000 } = {}): TtlCache {
  const known = new Map<string, { readonly answer: Promise<unknown>; readonly until: number }>();
  const get = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const now = performance.now();
    const before = known.get(key);
    if (before && before.until > now) return before.answer as Promise<T>;
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
