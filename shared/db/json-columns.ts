/** Rows with JSON columns, which are text in the table; NULL is null. */
import type { Knex } from 'knex';

export interface Rows<Row> {
  read(stored: object): Row;
  /** What was read, where it was found. */
  find(query: Knex.QueryBuilder): Promise<Row | undefined>;
  list(query: Knex.QueryBuilder): Promise<Row[]>;
  write(row: Row | Partial<Row>): Record<string, unknown>;
}

export function rowsOf<Row extends object>(...json: readonly (keyof Row & string)[]): Rows<Row> {
  const convert = (row: object, change: (value: unknown) => unknown) => {
    const converted: Record<string, unknown> = { ...row };
    for (const column of json) {
      const value = converted[column];
      if (value !== null && value !== undefined) converted[column] = change(value);
    }
    return converted;
  };
  const read = (stored: object) => convert(stored, (value) => JSON.parse(String(value))) as Row;
  return {
    read,
    find: async (query) => {
      const stored: unknown = await query.first();
      return stored !== null && typeof stored === 'object' ? read(stored) : undefined;
    },
    list: async (query) => ((await query) as object[]).map(read),
    write: (row) => convert(row, (value) => JSON.stringify(value)),
  };
}
