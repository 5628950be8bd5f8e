import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { usedOnce } from '../migrations/010-used-once.ts';
import { consumeOnce, forgetUsed } from './store.ts';

async function open(t: TestContext) {
  const db = openDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  await migrate(db, [usedOnce]);
  return db;
}

test('what was used is refused until it would not count any more by itself, swept or not', async (t) => {
  const db = await open(t);
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  assert.equal(await consumeOnce(db, 'ann 123456', 100), true);
  t.mock.timers.tick(100);
  assert.equal(await consumeOnce(db, 'ann 123456', 100), false);
  assert.equal(await consumeOnce(db, 'bob 123456', 100), true, 'another is another');
  t.mock.timers.tick(1);
  assert.equal(await consumeOnce(db, 'ann 123456', 100), true);
  assert.equal(await consumeOnce(db, 'ann 123456', 100), false);
});

test('rows say nothing of what was used, and go when they are of no use', async (t) => {
  const db = await open(t);
  await consumeOnce(db, 'ann 123456', 60_000);
  const rows = await db('used_once');
  assert.doesNotMatch(JSON.stringify(rows), /ann|123456"/);
  await forgetUsed(db, Date.now());
  assert.equal((await db('used_once')).length, 1);
  await forgetUsed(db, Date.now() + 60_001);
  assert.equal((await db('used_once')).length, 0);
});
