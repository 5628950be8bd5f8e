import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { address } from '#shared/hosts/contract.ts';
import { serveAgents } from '#shared/hosts/hosts.ts';
import { ensureHostWorkTable, ensureWork } from '#shared/hosts/work.ts';
import { findHold, insertHold, isHeld, listHeldReports, releaseHold } from './hold.ts';
import { migrate } from './migrate.ts';
import { openSqlite } from './sqlite.ts';

async function openHeld(t: TestContext) {
  const db = openSqlite(':memory:');
  t.after(() => db.destroy());
  await migrate(db, [{ name: '001-work', up: ensureHostWorkTable }]);
  await insertHold(db, 'restored');
  return db;
}

test('a database is held until the hold is released, and one that was never migrated is not', async (t) => {
  const db = await openHeld(t);
  assert.equal(await isHeld(db), true);
  await releaseHold(db);
  assert.equal(await isHeld(db), false);
  const bare = openSqlite(':memory:');
  t.after(() => bare.destroy());
  assert.equal(await findHold(bare), undefined);
});

test('while rows are held a host gets no work, and what it reports is kept, without losing what is reported rarely', async (t) => {
  const db = await openHeld(t);
  const bus = memoryBus();
  serveAgents(bus, db, 'compute');
  await ensureWork(db, 'h1', { id: 't/ensureGuestGone/a', verb: 'ensureGuestGone', spec: { id: 'a' } });
  const poll = (report: object) => bus.call<unknown[]>(address.open('compute'), { host: 'h1', report });
  assert.deepEqual(await poll({ guests: ['a', 'b'], stored: 1 }), []);
  assert.deepEqual(await poll({ guests: ['b'] }), []);
  assert.deepEqual([...(await listHeldReports(db))], [['h1', { guests: ['b'], stored: 1 }]]);
  await releaseHold(db);
  assert.equal((await poll({ guests: ['b'] })).length, 1);
  assert.deepEqual([...(await listHeldReports(db))], []);
});
