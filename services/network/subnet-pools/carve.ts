/** Cuts ranges from a pool. Pure. */
import { type Cidr, cidrOf, cidrText, overlap } from '#shared/net/addresses.ts';

const bits = { 4: 32, 6: 128 } as const;

const rangesOf = (texts: readonly string[]): Cidr[] => texts.flatMap((text) => cidrOf(text) ?? []);

/** The first free range of that size, or undefined. Each step leaves a taken one behind, so it ends soon. */
export function carve(prefixes: readonly string[], taken: readonly string[], prefixlen: number): string | undefined {
  const used = rangesOf(taken);
  for (const pool of rangesOf(prefixes)) {
    const size = 1n << BigInt(bits[pool.version] - prefixlen);
    let first = pool.first;
    while (first + size - 1n <= pool.last) {
      const wanted: Cidr = { version: pool.version, prefix: prefixlen, first, last: first + size - 1n };
      const inTheWay = used.find((each) => overlap(each, wanted));
      if (!inTheWay) return cidrText(wanted);
      first = inTheWay.last + 1n > first + size ? aligned(inTheWay.last + 1n, size) : first + size;
    }
  }
  return undefined;
}

const aligned = (value: bigint, size: bigint): bigint => ((value + size - 1n) / size) * size;

export const isInside = (prefixes: readonly string[], cidr: Cidr): boolean =>
  rangesOf(prefixes).some(
    (pool) => pool.version === cidr.version && pool.first <= cidr.first && cidr.last <= pool.last,
  );

/** Ranges that overlap or follow each other become one, as far as one prefix can say it. */
export function compact(prefixes: readonly string[]): string[] {
  let ranges = rangesOf(prefixes).sort((a, b) =>
    a.first < b.first || (a.first === b.first && a.prefix < b.prefix) ? -1 : 1,
  );
  for (;;) {
    const merged = mergeOnce(ranges);
    if (merged.length === ranges.length) return ranges.map(cidrText);
    ranges = merged;
  }
}

function mergeOnce(ranges: readonly Cidr[]): Cidr[] {
  const kept: Cidr[] = [];
  for (const range of ranges) {
    const before = kept.at(-1);
    if (before && range.last <= before.last) continue;
    const size = range.last - range.first + 1n;
    const isOtherHalf =
      before?.prefix === range.prefix && before.last + 1n === range.first && before.first % (size * 2n) === 0n;
    if (before && isOtherHalf) kept[kept.length - 1] = { ...before, prefix: range.prefix - 1, last: range.last };
    else kept.push(range);
  }
  return kept;
}

/** What is left of the prefixes without the others, in as few prefixes as possible. */
export function without(prefixes: readonly string[], removed: readonly string[]): string[] {
  const gone = rangesOf(removed);
  const left = (range: Cidr): Cidr[] => {
    const inTheWay = gone.filter((each) => overlap(each, range));
    if (inTheWay.length === 0) return [range];
    if (inTheWay.some((each) => each.first <= range.first && range.last <= each.last)) return [];
    return halves(range).flatMap(left);
  };
  return compact(rangesOf(prefixes).flatMap(left).map(cidrText));
}

function halves(range: Cidr): Cidr[] {
  const size = (range.last - range.first + 1n) / 2n;
  const half = (first: bigint): Cidr => ({ ...range, prefix: range.prefix + 1, first, last: first + size - 1n });
  return [half(range.first), half(range.first + size)];
}
