import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Knex } from 'knex';
import { openSqlite } from './sqlite.ts';

/**
 * Opens `sqlite:path`, `sqlite::memory:`, `mysql://user:password@host:port/schema`, or `mysqls://…`: the same over TLS. Creates a missing folder or schema, and
 * connects with the first query. Throws for another URL.
 */
export function openDatabase(url: string): Knex {
  if (/^(mysqls?|mariadb):\/\//.test(url)) return mysql().openMysql(url);
  const filename = url.match(/^sqlite:(.+)$/)?.[1];
  if (filename === undefined) throw new Error('a database URL begins with sqlite: or mysql://');
  if (filename !== ':memory:') mkdirSync(dirname(filename), { recursive: true });
  return openSqlite(filename);
}

/** Loaded only when it is used: mysql2 takes 12 MB of memory. */
const mysql = (): typeof import('./mysql.ts') => createRequire(import.meta.url)('./mysql.ts');
