/** A service's user of the database can reach only its own schema. WATTLE_TEST_MYSQL is the server; it has a user `wattle_compute`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { openDatabase } from '#shared/db/open.ts';

const server = process.env.WATTLE_TEST_MYSQL ?? '';
const skip = server ? false : 'WATTLE_TEST_MYSQL names no server';

/** A table with one column; its schema is dropped after the test. */
async function tableIn(t: TestContext, url: string, table: string): Promise<void> {
  const db = openDatabase(url);
  t.after(async () => {
    await db.raw('DROP SCHEMA ??', [new URL(url).pathname.slice(1)]);
    await db.destroy();
  });
  await db.schema.createTable(table, (columns) => columns.string('text'));
}

test('a service cannot read, write or see the schema of another', { skip }, async (t) => {
  const url = server.replace('://tests:', '://wattle_compute:');
  await tableIn(t, `${server}/wattle_identity`, 'secrets');
  await tableIn(t, `${url}/wattle_compute`, 'servers');
  const connection = await createConnection(url);
  t.after(() => connection.end());
  for (const statement of [
    'SELECT * FROM wattle_identity.secrets',
    "INSERT INTO wattle_identity.secrets VALUES ('x')",
    'CREATE SCHEMA wattleXcompute', // an unescaped underscore in a grant matches any letter
    'SELECT * FROM mysql.user',
    "CREATE USER 'x'@'127.0.0.1'",
    "SELECT LOAD_FILE('/etc/passwd') INTO OUTFILE '/tmp/wattle-out'",
  ])
    await assert.rejects(connection.query(statement), /denied/i, statement);
  const [schemas] = await connection.query('SHOW DATABASES');
  assert.deepEqual(
    (schemas as { Database: string }[]).map(({ Database }) => Database).filter((name) => name.startsWith('wattle_')),
    ['wattle_compute'],
  );
});
