/** Copies of sqlite files that other processes write, all of one point in time. */
import { backup, DatabaseSync } from 'node:sqlite';
import { ensureHoldTables, insertHold } from './hold.ts';
import { openSqlite } from './sqlite.ts';

export interface Copy {
  readonly from: string;
  readonly to: string;
}

/**
 * Locks all files against writers for the moment in which a reader of each begins its transaction: what the readers see is of one
 * point. Writers go on while the copies are made.
 */
export async function copyAtOnePoint(copies: readonly Copy[]): Promise<void> {
  const opened = copies.map((copy) => ({ ...copy, writer: open(copy.from), reader: open(copy.from) }));
  try {
    for (const { writer } of opened) writer.exec('BEGIN IMMEDIATE');
    for (const { reader } of opened) {
      reader.exec('BEGIN');
      reader.prepare('SELECT count(*) FROM sqlite_master').get(); // BEGIN alone reads nothing
    }
    for (const { writer } of opened) writer.exec('ROLLBACK');
    for (const { reader, to } of opened) await backup(reader, to);
  } finally {
    for (const { writer, reader } of opened) for (const each of [writer, reader]) each.close();
  }
}

function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA busy_timeout=15000');
  return database;
}

/** The names of the migrations of a copy; empty when it has none. Leaves it as one file, without those of a write-ahead log. */
export function migrationsIn(file: string): string[] {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode=DELETE');
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").get();
    return table
      ? database
          .prepare('SELECT name FROM migrations')
          .all()
          .map(({ name }) => String(name))
      : [];
  } finally {
    database.close();
  }
}

/** Prepares a restored file: checks it, and holds the service that opens it. Throws for a damaged file. */
export async function holdFile(file: string, reason: string): Promise<void> {
  const db = openSqlite(file);
  try {
    const [row] = (await db.raw('PRAGMA quick_check(1)')) as Record<string, string>[];
    const found = Object.values(row ?? {})[0];
    if (found !== 'ok') throw new Error(`${file} is damaged: ${found}`);
    await ensureHoldTables(db); // a backup of a release without holds
    await insertHold(db, reason);
    await db.raw('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    await db.destroy();
  }
}
