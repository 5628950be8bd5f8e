import { badRequest } from '#shared/errors/fault.ts';

/** Milliseconds of an ISO 8601 moment, UTC where it names no zone; null for none. */
export function parseTimestamp(text: string | null | undefined, field: string): number | null {
  if (text === null || text === undefined) return null;
  const isTimestamp = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.test(text);
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const at = isTimestamp ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(at)) throw badRequest(`Invalid input for field '${field}': ${text} is not a moment in ISO 8601.`);
  return at;
}

/** The same in microseconds, all of them. */
export function parseMicros(text: string | null | undefined, field: string): number | null {
  const ms = parseTimestamp(text, field);
  if (ms === null) return null;
  const digits = text?.match(/\.(\d+)/)?.[1] ?? '';
  return Math.floor(ms / 1000) * 1_000_000 + Number(digits.padEnd(6, '0').slice(0, 6));
}

/** Microseconds, as Python writes them; milliseconds are all we know. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
