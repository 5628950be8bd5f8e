/** Formats and parses the times of the APIs. Rows have milliseconds since 1970. */

/** 2026-11-22T17:50:36Z */
export const shortTime = (ms: number): string => `${new Date(Number(ms)).toISOString().slice(0, 19)}Z`;

/** 2026-11-22T17:50:41.123000: with microseconds and without a zone, as the real services write times of their databases. */
export function longTime(ms: number): string;
export function longTime(ms: number | null): string | null;
export function longTime(ms: number | null): string | null {
  return ms === null ? null : `${new Date(Number(ms)).toISOString().slice(0, 23)}000`;
}

/** Parses a client's time, ISO 8601, UTC without a zone, to milliseconds since 1970; undefined when it is malformed. */
export function timeOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const joined = text.trim().replace(' ', 'T');
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(joined) || !joined.includes('T') ? joined : `${joined}Z`;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? undefined : ms;
}
