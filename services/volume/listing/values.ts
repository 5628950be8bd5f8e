/** Values as Cinder's clients write them in a query. */
import { badRequest } from '#shared/errors/fault.ts';

const most = 1000;

/** Clients send `name=None` for a filter that nobody set. */
export const isSet = (value: string | undefined): value is string =>
  value !== undefined && value !== '' && value !== 'None';

export const isTrue = (value: unknown): boolean => /^(true|1|yes|t|on|y)$/i.test(String(value));

export const limitOf = ({ limit }: Readonly<Record<string, string>>): number =>
  Math.min(most, numberOf(limit, most, { name: 'limit param', least: 'positive' }));

/** More than any table has, and no more than a database takes. */
const largest = 1_000_000_000;

export function numberOf(
  value: string | undefined,
  unset: number,
  { name, least }: { readonly name: string; readonly least: string },
): number {
  if (!isSet(value)) return unset;
  if (/^-\d+$/.test(value)) throw badRequest(`${name} must be ${least}`);
  if (!/^\d+$/.test(value)) throw badRequest(`${name} must be an integer`);
  return Math.min(Number(value), largest);
}

/** A dictionary in a query: as JSON, or as Python prints it. */
export function dictionaryOf(value: string): Readonly<Record<string, string>> {
  const read =
    jsonOf(value) ?? jsonOf(value.replace(/u?'((?:[^'\\]|\\.)*)'/g, (_, inner: string) => JSON.stringify(inner)));
  if (read === null || typeof read !== 'object') throw badRequest(`Invalid input received: ${value} is no dictionary.`);
  return Object.fromEntries(Object.entries(read).map(([key, each]) => [key, String(each)]));
}

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
