/** Keystone's way of asking for some rows: `name=x`, `name__contains=x`, `enabled=false`. */
import type { Knex } from 'knex';
import { own } from '#shared/input/own.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;

/** How a key of the query means a column: as text, as a switch, as a moment, or as a name whose case `lowered` forgets. */
export type Filtered =
  | string
  | { readonly flag: string }
  | { readonly timestamp: string }
  | { readonly name: string; readonly lowered: string };

interface Part {
  /** `x` stands for the column, `y` for the value. */
  readonly sql: string;
  readonly values: (y: string) => readonly (string | number)[];
}

/** SQL's LIKE minds the case in one database and not in the other; these mind it in both. */
const parts: Readonly<Record<string, Part>> = {
  contains: { sql: 'INSTR(x, y) > 0', values: (y) => [y] },
  startswith: { sql: 'SUBSTR(x, 1, ?) = y', values: (y) => [[...y].length, y] },
  endswith: { sql: 'SUBSTR(x, ?) = y', values: (y) => [-[...y].length, y] },
};

/** `columns` says which keys of the query mean which columns; others are left alone. */
export function applyFilters<Q extends Knex.QueryBuilder>(
  query: Q,
  filters: Filters,
  columns: Readonly<Record<string, Filtered>>,
): Q {
  for (const [key, values] of Object.entries(filters)) {
    const [name = '', comparison = 'equals'] = key.split('__');
    const filtered = own(columns, name);
    const value = values.at(-1);
    if (filtered === undefined || value === undefined) continue;
    if (comparison === 'equals') equal(query, filtered, value);
    else narrow(query, columnOf(filtered), comparison, value);
  }
  return query;
}

/** One more than `most`: it says that there are more. */
export const upTo = <Q extends Knex.QueryBuilder>(query: Q, most: number): Q =>
  Number.isSafeInteger(most) ? (query.limit(most + 1) as Q) : query;

function columnOf(filtered: Filtered): string {
  if (typeof filtered === 'string') return filtered;
  if ('flag' in filtered) return filtered.flag;
  return 'timestamp' in filtered ? filtered.timestamp : filtered.name;
}

function equal(query: Knex.QueryBuilder, filtered: Filtered, value: string): void {
  if (typeof filtered === 'string') query.where(filtered, value);
  else if ('flag' in filtered) query.where(filtered.flag, isOn(value));
  else if ('timestamp' in filtered) compare(query, filtered.timestamp, value);
  else query.where(filtered.lowered, value.toLowerCase());
}

/** A switch that is named is on, unless it says otherwise. */
const isOn = (value: string): boolean => !['0', 'false'].includes(value.toLowerCase());

const operators: Readonly<Record<string, string>> = { lt: '<', lte: '<=', gt: '>', gte: '>=', eq: '=', neq: '<>' };

/** `gt:2030-01-01T00:00:00Z`, or that very moment. */
function compare(query: Knex.QueryBuilder, column: string, value: string): void {
  const [, operator = 'eq', timestamp = ''] = value.match(/^(?:([a-z]+):)?(.*)$/) ?? [];
  query.where(
    column,
    own(operators, operator) ?? '=',
    Date.parse(timestamp.endsWith('Z') ? timestamp : `${timestamp}Z`),
  );
}

function narrow(query: Knex.QueryBuilder, column: string, comparison: string, value: string): void {
  if (comparison === 'in') query.whereIn(column, value.split(','));
  const anyCase = comparison.startsWith('i');
  const part = own(parts, anyCase ? comparison.slice(1) : comparison);
  if (part === undefined || value === '') return;
  const [x, y] = anyCase ? ['LOWER(??)', 'LOWER(?)'] : ['??', '?'];
  query.whereRaw(part.sql.replace('x', x).replace('y', y), [column, ...part.values(value)]);
}
