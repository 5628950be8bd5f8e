import { badRequest } from '#shared/errors/fault.ts';

/** Milliseconds of an ISO 8601 date and time, UTC where it has no zone; null for none. Throws 400. */
export function parseTimestamp(text: string | null | undefined, field: string): number | null {
  if (text === null || text === undefined) return null;
  const isTimestamp = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.test(text);
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const at = isTimestamp ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(at))
    throw badRequest(`Invalid input for field '${field}': ${text} is not a date and time in ISO 8601.`);
  return at;
}

/** The same in microseconds, with all six digits. */
export function parseMicros(text: string | null | undefined, field: string): number | null {
  const ms = parseTimestamp(text, field);
  if (ms === null) return null;
  const digits = text?.match(/\.(\d+)/)?.[1] ?? '';
  return Math.floor(ms / 1000) * 1_000_000 + Number(digits.padEnd(6, '0').slice(0, 6));
}

/** ISO 8601 with six digits, as Keystone writes it; the last three are 0. */
export const formatTimestamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
