/** A sqlite file without knex, for agents, which have many small ones. Every call is synchronous, so each must be short. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

export type Row = Readonly<Record<string, unknown>>;

export interface FileDatabase {
  run(sql: string, ...values: readonly SQLInputValue[]): void;
  rows<T = Row>(sql: string, ...values: readonly SQLInputValue[]): T[];
  row<T = Row>(sql: string, ...values: readonly SQLInputValue[]): T | undefined;
  /** Runs a transaction; `durable` (the default) survives a power cut and costs a flush to disk. */
  transaction<T>(work: () => T, options?: { readonly durable: boolean }): T;
  close(): void;
}

/** Opens the file, or creates it with this schema. */
export function openFile(filename: string, schema: string): FileDatabase {
  const database = new DatabaseSync(filename);
  database.exec('PRAGMA busy_timeout=2000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
  database.exec(schema);
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  let flushes = true; // as the connection is set above
  const transaction = <T>(work: () => T, { durable } = { durable: true }): T => {
    if (durable !== flushes) database.exec(`PRAGMA synchronous=${durable ? 'FULL' : 'NORMAL'}`);
    flushes = durable;
    prepared('BEGIN IMMEDIATE').run();
    try {
      const result = work();
      prepared('COMMIT').run();
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
  return {
    run: (sql, ...values) => void prepared(sql).run(...values),
    rows: <T>(sql: string, ...values: readonly SQLInputValue[]) => prepared(sql).all(...values) as T[],
    row: <T>(sql: string, ...values: readonly SQLInputValue[]) => prepared(sql).get(...values) as T | undefined,
    transaction,
    close: () => database.close(),
  };
}
