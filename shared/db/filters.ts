/** Keystone's way of asking for some rows: `name=x`, `name__contains=x`, `enabled=false`. */
import type { Knex } from 'knex';

export type Filters = Readonly<Record<string, readonly string[]>>;

const escaped = (text: string) => text.replace(/[!%_]/g, (sign) => `!${sign}`);
const patterns: Readonly<Record<string, (text: string) => string>> = {
  contains: (text) => `%${escaped(text)}%`,
  startswith: (text) => `${escaped(text)}%`,
  endswith: (text) => `%${escaped(text)}`,
};

/** `columns` says which keys of the query mean which columns; others are left alone. */
export function applyFilters<Q extends Knex.QueryBuilder>(
  query: Q,
  filters: Filters,
  columns: Readonly<Record<string, string>>,
): Q {
  for (const [key, values] of Object.entries(filters)) {
    const [name = '', comparison = 'equals'] = key.split('__');
    const column = columns[name];
    const value = values.at(-1);
    if (column === undefined || value === undefined) continue;
    narrow(query, column, comparison, value);
  }
  return query;
}

/** One more than `most`: it says that there are more. */
export const upTo = <Q extends Knex.QueryBuilder>(query: Q, most: number): Q =>
  Number.isSafeInteger(most) ? (query.limit(most + 1) as Q) : query;

function narrow(query: Knex.QueryBuilder, column: string, comparison: string, value: string): void {
  const pattern = patterns[comparison.replace(/^i/, '')]?.(value);
  if (comparison === 'equals') query.where(column, typed(value));
  else if (comparison === 'in') query.whereIn(column, value.split(','));
  else if (pattern !== undefined && comparison.startsWith('i'))
    query.whereRaw("LOWER(??) LIKE ? ESCAPE '!'", [column, pattern.toLowerCase()]);
  else if (pattern !== undefined) query.whereRaw("?? LIKE ? ESCAPE '!'", [column, pattern]);
}

const typed = (value: string): string | boolean =>
  /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value;
