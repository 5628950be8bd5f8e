/** Picks addresses from allocation pools. Pure: the caller knows which are taken. */
import { randomInt } from 'node:crypto';
import { type Cidr, numberOf, textOf, versionOf } from '#shared/net/addresses.ts';

export interface Pool {
  readonly start: string;
  readonly end: string;
}

/** The addresses that a port may have: without the network address, and without the IPv4 broadcast address. */
export function usable({ version, prefix, first, last }: Cidr): { readonly first: bigint; readonly last: bigint } {
  if (version === 4 && prefix >= 31) return { first, last };
  if (version === 6 && prefix >= 127) return { first, last };
  return { first: first + 1n, last: version === 4 ? last - 1n : last };
}

/** All usable addresses but the gateway. */
export function defaultPools(cidr: Cidr, gateway: string | null): Pool[] {
  const { first, last } = usable(cidr);
  const excluded = gateway === null ? undefined : numberOf(gateway);
  const ranges =
    excluded === undefined || excluded < first || excluded > last
      ? [[first, last] as const]
      : [[first, excluded - 1n] as const, [excluded + 1n, last] as const];
  return ranges
    .filter(([start, end]) => start <= end)
    .map(([start, end]) => ({ start: textOf(start, cidr.version), end: textOf(end, cidr.version) }));
}

interface Span {
  readonly start: bigint;
  readonly size: bigint;
}

const spansOf = (pools: readonly Pool[]): Span[] =>
  pools.map(({ start, end }) => ({
    start: numberOf(start) ?? 0n,
    size: (numberOf(end) ?? 0n) - (numberOf(start) ?? 0n) + 1n,
  }));

export const poolSize = (pools: readonly Pool[]): bigint => spansOf(pools).reduce((sum, { size }) => sum + size, 0n);

/** The nth address of all pools. */
export function addressAt(pools: readonly Pool[], n: bigint): string {
  let left = n;
  const version = versionOf(pools[0]?.start ?? '') ?? 4;
  for (const { start, size } of spansOf(pools)) {
    if (left < size) return textOf(start + left, version);
    left -= size;
  }
  throw new RangeError(`the pools have no address with index ${n}`);
}

/** A few distinct random addresses: one of them is nearly always free, so the whole subnet need not be read. */
export function randomAddresses(pools: readonly Pool[], count: number): string[] {
  const size = poolSize(pools);
  const available = size > 2n ** 47n ? 2 ** 47 : Number(size);
  if (available === 0) return [];
  return [...new Set(Array.from({ length: count }, () => addressAt(pools, BigInt(randomInt(available)))))];
}

/** The lowest free address; undefined when all are taken. */
export function lowestFree(pools: readonly Pool[], taken: ReadonlySet<string>): string | undefined {
  const size = poolSize(pools);
  for (let n = 0n; n < size && n <= BigInt(taken.size); n += 1n) {
    const address = addressAt(pools, n);
    if (!taken.has(address)) return address;
  }
  return undefined;
}

export const inPools = (pools: readonly Pool[], address: string): boolean => {
  const value = numberOf(address) ?? -1n;
  return spansOf(pools).some(({ start, size }) => value >= start && value < start + size);
};
