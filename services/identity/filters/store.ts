/** Keystone's list filters: `name=x`, `name__contains=x`, `enabled=false`. */
import type { Knex } from 'knex';
import { own } from '#shared/input/own.ts';
import { type Attribute, type Attributes, columnOf as columnOfAttribute } from '#shared/resource/attribute.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;

/** The column of a filter: as text, boolean, timestamp, a name compared without case by the column `lowered`, or its own way. */
export type Filtered =
  | string
  | { readonly flag: string }
  | { readonly timestamp: string }
  | { readonly name: string; readonly lowered: string }
  | ((query: Knex.QueryBuilder, values: readonly string[]) => void);

interface Part {
  /** `x` stands for the column, `y` for the value. */
  readonly sql: string;
  readonly values: (y: string) => readonly (string | number)[];
}

/** Used instead of LIKE, which is case-sensitive on one database and not on the other. */
const parts: Readonly<Record<string, Part>> = {
  contains: { sql: 'INSTR(x, y) > 0', values: (y) => [y] },
  startswith: { sql: 'SUBSTR(x, 1, ?) = y', values: (y) => [[...y].length, y] },
  endswith: { sql: 'SUBSTR(x, ?) = y', values: (y) => [-[...y].length, y] },
};

/** Adds the filters to a query. Keys that are not in `columns` are ignored. */
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
    if (typeof filtered === 'function') {
      if (comparison === 'equals') filtered(query, values);
    } else if (comparison === 'equals') equal(query, filtered, value);
    else narrow(query, columnOf(filtered), comparison, value);
  }
  return query;
}

/** The filters that attributes give. `lowered`: names are compared without case. */
export const filtersOf = (attributes: Attributes, lowered?: true): Readonly<Record<string, Filtered>> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, attribute]) => {
      const filtered = filteredBy(name, attribute, lowered);
      return filtered === undefined ? [] : [[name, filtered]];
    }),
  );

function filteredBy(name: string, attribute: Attribute, lowered: true | undefined): Filtered | undefined {
  const { filter } = attribute.options;
  const column = columnOfAttribute(name, attribute);
  if (typeof filter === 'function') return filter;
  if (!filter || column === null) return undefined;
  if (lowered && name === 'name') return { name: column, lowered: 'nameLower' };
  if (attribute.type.kind === 'flag') return { flag: column };
  return name.endsWith('_at') ? { timestamp: column } : column;
}

type ByColumn = Exclude<Filtered, (...asked: never[]) => void>;

function columnOf(filtered: ByColumn): string {
  if (typeof filtered === 'string') return filtered;
  if ('flag' in filtered) return filtered.flag;
  return 'timestamp' in filtered ? filtered.timestamp : filtered.name;
}

function equal(query: Knex.QueryBuilder, filtered: ByColumn, value: string): void {
  if (typeof filtered === 'string') query.where(filtered, value);
  else if ('flag' in filtered) query.where(filtered.flag, isOn(value));
  else if ('timestamp' in filtered) compare(query, filtered.timestamp, value);
  else query.where(filtered.lowered, value.toLowerCase());
}

/** A boolean filter without a value is true. */
const isOn = (value: string): boolean => !['0', 'false'].includes(value.toLowerCase());

const operators: Readonly<Record<string, string>> = { lt: '<', lte: '<=', gt: '>', gte: '>=', eq: '=', neq: '<>' };

/** `gt:2030-01-01T00:00:00Z`; without an operator, equality. */
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

/** The filter of a text in the column `extra`. Both sides are JSON, which the databases write alike. */
export const inExtra = (name: string) => (query: Knex.QueryBuilder, values: readonly string[]) =>
  void query.whereRaw("JSON_EXTRACT(extra, ?) = JSON_EXTRACT(?, '$')", [`$.${name}`, JSON.stringify(values.at(-1))]);
