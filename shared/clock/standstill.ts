/** Finds values that no longer change, by the monotonic clock of this process. */
export type Standstill = (marks: ReadonlyMap<string, string>) => string[];

/** Returns a function that takes all values each time, and returns the keys whose value has not changed for `ms`. */
export function openStandstill(ms: number): Standstill {
  let seen: ReadonlyMap<string, { readonly mark: string; readonly since: number }> = new Map();
  return (marks) => {
    const now = performance.now();
    const known = seen;
    seen = new Map(
      [...marks].map(([key, mark]) => {
        const before = known.get(key);
        return [key, before?.mark === mark ? before : { mark, since: now }];
      }),
    );
    return [...seen].filter(([, { since }]) => now - since >= ms).map(([key]) => key);
  };
}
