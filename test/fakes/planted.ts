/** Looks for planted secrets in every row of a database, whatever tables it has. */
import type { Knex } from 'knex';
import { isMysql } from '#shared/db/ensure.ts';

async function tablesOf(db: Knex): Promise<string[]> {
  if (isMysql(db)) {
    const answer = (await db.raw('SHOW TABLES')) as object[] | object[][]; // rows, or rows and their fields, by the client
    const rows = Array.isArray(answer[0]) ? answer[0] : answer;
    return rows.map((row) => String(Object.values(row)[0]));
  }
  return db('sqlite_master').where({ type: 'table' }).pluck('name');
}

/** `table: secret` for each place where one stands in clear or as base64. */
export async function rowsHolding(db: Knex, secrets: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const table of await tablesOf(db)) {
    const text = JSON.stringify(await db(table).select());
    const ways = (secret: string) => [secret, Buffer.from(secret).toString('base64').replace(/=*$/, '')];
    for (const secret of secrets) if (ways(secret).some((way) => text.includes(way))) found.push(`${table}: ${secret}`);
  }
  return found;
}
