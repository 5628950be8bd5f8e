import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openGroupCommit } from './group-commit.ts';
import { openDatabase } from './open.ts';

test('concurrent work is committed together, and a failure affects no other work', async (t) => {
  const db = openDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  await db.schema.createTable('things', (table) => {
    table.string('id').primary();
  });
  let commits = 0;
  db.on('query', ({ sql }: { sql: string }) => {
    if (sql === 'COMMIT;') commits += 1;
  });
  const groupCommit = openGroupCommit(db);
  const insert = (id: string) => groupCommit((tx) => tx('things').insert({ id }));
  await Promise.all([insert('a'), insert('b'), insert('c')]);
  assert.equal(commits, 1);
  const [again, fresh] = await Promise.allSettled([insert('a'), insert('d')]);
  assert.deepEqual([again?.status, fresh?.status], ['rejected', 'fulfilled']);
  assert.deepEqual(await db('things').pluck('id'), ['a', 'b', 'c', 'd']);
});
