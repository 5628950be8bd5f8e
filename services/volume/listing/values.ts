/** Values of a query as Cinder's clients send them. */
import { timeOf } from '#shared/api/times.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { Condition } from './store.ts';

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

/** `created_at=gte:2026-01-01,lt:2026-02-01` (3.60). Times are equal when their seconds are. */
export const timeConditions = (column: string, value: string): Condition[] =>
  value.split(/,(?=(?:gte?|lte?|n?eq):)/).flatMap((part) => {
    const [, operator = 'eq', time = part] = part.match(/^(gte?|lte?|n?eq):(.*)$/) ?? [];
    const at = timeOf(time);
    if (at === undefined) throw badRequest(`Invalid value for time comparison: ${value}`);
    return own(comparisons, operator)?.(column, at) ?? [];
  });

const secondOf = (at: number) => [Math.floor(at / 1000) * 1000, Math.floor(at / 1000) * 1000 + 999] as const;

const comparisons: Readonly<Record<string, (column: string, at: number) => Condition[]>> = {
  gt: (column, at) => [{ kind: 'time', column, operator: '>', at }],
  gte: (column, at) => [{ kind: 'time', column, operator: '>=', at }],
  lt: (column, at) => [{ kind: 'time', column, operator: '<', at }],
  lte: (column, at) => [{ kind: 'time', column, operator: '<=', at }],
  eq: (column, at) => [{ kind: 'between', column, range: secondOf(at), not: false }],
  neq: (column, at) => [{ kind: 'between', column, range: secondOf(at), not: true }],
};
