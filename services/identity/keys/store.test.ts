import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { identity as tables } from '../migrations/001-identity.ts';
import { revocationEpochs } from '../migrations/009-revocation-epochs.ts';
import { getEpoch, incrementEpoch, insertRevocation, readTokenKeys } from './store.ts';

async function open(t: TestContext) {
  const db = openDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  await migrate(db, [tables, revocationEpochs]);
  const revoke = (user: string) =>
    db.transaction((tx) => insertRevocation(tx, { user, before: 1 }, Date.now() + 60_000));
  const told = async (since?: number) => {
    const document = await readTokenKeys(db, since === undefined ? {} : { since });
    return { since: document.since, users: document.revoked.map(({ user }) => user) };
  };
  return { db, revoke, told };
}

test('who knows an epoch is told what is newer, anybody else is told all', async (t) => {
  const { db, revoke, told } = await open(t);
  await revoke('ann');
  const before = await getEpoch(db);
  await revoke('bob');
  assert.deepEqual(await told(before), { since: before, users: ['bob'] });
  assert.deepEqual(await told(before + 1), { since: before + 1, users: [] });
  assert.deepEqual(await told(), { since: undefined, users: ['ann', 'bob'] });
  assert.deepEqual(await told(before + 2), { since: undefined, users: ['ann', 'bob'] }, 'a database that was set back');
});

test('what a process of the release before has revoked is always told', async (t) => {
  const { db, told } = await open(t);
  await db('revocations').insert({ what: JSON.stringify({ user: 'ann', before: 1 }), forgetAt: Date.now() + 60_000 });
  await incrementEpoch(db);
  const now = await getEpoch(db);
  assert.deepEqual(await told(now), { since: now, users: ['ann'] });
});
