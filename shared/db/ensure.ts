/** Idempotent DDL: does nothing for what exists, and completes a statement that was interrupted. */
import type { Knex } from 'knex';
import { indexName } from './index-name.ts';
import { snake } from './names.ts';

export const isMysql = (db: Knex): boolean => db.client.driverName === 'mysql2';

/** MySQL's errors for an existing table, column, index, primary key or foreign key. */
const alreadyThere = new Set([1050, 1060, 1061, 1068, 1022, 1826]);

/**
 * Creates a table unless it exists. On MySQL knex uses several statements that are committed one by one, so all of them are
 * executed even when the table exists.
 */
export async function ensureTable(
  tx: Knex,
  name: string,
  columns: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  const table = snake(name);
  if (!isMysql(tx)) {
    if (!(await tx.schema.hasTable(table))) await tx.schema.createTable(table, columns);
    return;
  }
  const comparing = (t: Knex.CreateTableBuilder) => {
    t.charset('utf8mb4');
    t.collate('utf8mb4_bin'); // as sqlite compares
    columns(t);
  };
  const statements = tx.schema.createTable(table, comparing).toSQL() as unknown as { sql: string; bindings?: [] }[];
  for (const { sql, bindings } of statements) await ignoreExisting(tx.raw(sql, bindings ?? []));
}

async function ignoreExisting(ddl: Promise<unknown> | Knex.Raw): Promise<void> {
  try {
    await ddl;
  } catch (error) {
    if (!alreadyThere.has((error as { errno?: number }).errno ?? 0)) throw error;
  }
}

/** `define` adds the column: `(t) => t.string('hostId', 36)`. */
export async function ensureColumn(
  tx: Knex,
  table: string,
  column: string,
  define: (table: Knex.AlterTableBuilder) => void,
): Promise<void> {
  if (await tx.schema.hasColumn(snake(table), snake(column))) return;
  await tx.schema.alterTable(snake(table), define);
}

export async function ensureIndex(
  tx: Knex,
  table: string,
  columns: readonly string[],
  { unique = false } = {},
): Promise<void> {
  const name = indexName(snake(table), columns.map(snake), unique ? 'unique' : 'index');
  if (await hasIndex(tx, snake(table), name)) return;
  await tx.schema.alterTable(snake(table), (t) => {
    if (unique) t.unique([...columns], { indexName: name });
    else t.index([...columns], name);
  });
}

async function hasIndex(tx: Knex, table: string, name: string): Promise<boolean> {
  const rows = isMysql(tx)
    ? await tx.raw('SHOW INDEX FROM ?? WHERE Key_name = ?', [table, name])
    : await tx.raw("SELECT name FROM sqlite_master WHERE type = 'index' AND name = ?", [name]);
  return rows.length > 0;
}
