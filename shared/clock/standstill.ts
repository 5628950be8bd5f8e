/** Tells which of some marks no longer change, by the monotonic clock of this process: a wall clock that is set tells nothing. */
export type Standstill = (marks: ReadonlyMap<string, string>) => string[];

/** Give it all marks each time: it gives the keys whose mark it has seen unchanged for so long. */
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
