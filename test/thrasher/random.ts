/** Random choices that a seed repeats. */
export interface Random {
  /** An integer from 0 up to below `limit`. */
  below(limit: number): number;
  pick<T>(some: readonly T[]): T | undefined;
  /** Another sequence that depends on this one and the name alone. */
  branch(name: string): Random;
}

/** Mulberry32: 32 bits of state, enough to vary tests. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => next() % limit;
  return {
    below,
    pick: (some) => some[below(Math.max(1, some.length))],
    branch: (name) => randomOf([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed)),
  };
}
