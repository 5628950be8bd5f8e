import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Knex } from 'knex';
import { openSqlite } from './sqlite.ts';

/**
 * `sqlite:path`, `sqlite::memory:` or `mysql://user:password@host:port/schema`. Makes the folder or the schema
 * when it is missing, and connects with the first query.
 */
export function openDatabase(url: string): Knex {
  if (/^(mysql|mariadb):\/\//.test(url)) return mysql().openMysql(url);
  const filename = url.match(/^sqlite:(.+)$/)?.[1];
  if (filename === undefined) throw new Error('a database URL begins with sqlite: or mysql://');
  if (filename !== ':memory:') mkdirSync(dirname(filename), { recursive: true });
  return openSqlite(filename);
}

/** Who has sqlite does not load the client of a server: it takes 12 MB. */
const mysql = (): typeof import('./mysql.ts') => createRequire(import.meta.url)('./mysql.ts');
