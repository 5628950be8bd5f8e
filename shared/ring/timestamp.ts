/** Swift's timestamps: seconds since 1970 with five decimals, sixteen characters, so that they sort as text. */
export type Timestamp = string;

/** In units of 10 microseconds. */
let last = 0n;

/** Returns the present time, later than every earlier result of this process. */
export function newTimestamp(): Timestamp {
  const micros = BigInt(Math.round((performance.timeOrigin + performance.now()) * 100));
  last = micros > last ? micros : last + 1n;
  return formatTicks(last);
}

const formatTicks = (ticks: bigint): Timestamp => {
  const digits = ticks.toString().padStart(15, '0');
  return `${digits.slice(0, -5)}.${digits.slice(-5)}`;
};

export const timestampOf = (seconds: number): Timestamp => formatTicks(BigInt(Math.round(seconds * 100_000)));
export const secondsOf = (timestamp: Timestamp): number => Number(timestamp);

/** `2026-11-22T17:53:24.847950`, the format of listings. */
export function isoOf(timestamp: Timestamp): string {
  const [seconds = '0', fraction = '0'] = timestamp.split('.');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}`;
}
