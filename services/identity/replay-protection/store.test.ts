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

test('a used value is refused until it expires, whether its row was deleted or not', async (t) => {
  const db = await open(t);
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  assert.equal(await consumeOnce(db, 'ann 123456', 100), true);
  t.mock.timers.tick(100);
  assert.equal(await consumeOnce(db, 'ann 123456', 100), false);
  assert.equal(await consumeOnce(db, 'bob 123456', 100), true, 'another user, another value');
  t.mock.timers.tick(1);
  assert.equal(await consumeOnce(db, 'ann 123456', 100), true);
  assert.equal(await consumeOnce(db, 'ann 123456', 100), false);
});

test('rows do not reveal the value, and are deleted after its expiry', async (t) => {
  const db = await open(t);
  await consumeOnce(db, 'ann 123456', 60_000);
  const rows = await db('used_once');
  assert.doesNotMatch(JSON.stringify(rows), /ann|123456"/);
  await forgetUsed(db, Date.now());
  assert.equal((await db('used_once')).length, 1);
  await forgetUsed(db, Date.now() + 60_001);
  assert.equal((await db('used_once')).length, 0);
});
