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
  const read = async (since?: number) => {
    const document = await readTokenKeys(db, since === undefined ? {} : { since });
    return { since: document.since, users: document.revoked.map(({ user }) => user) };
  };
  return { db, revoke, read };
}

test('with a known epoch only newer revocations are read, without it all of them', async (t) => {
  const { db, revoke, read } = await open(t);
  await revoke('ann');
  const before = await getEpoch(db);
  await revoke('bob');
  assert.deepEqual(await read(before), { since: before, users: ['bob'] });
  assert.deepEqual(await read(before + 1), { since: before + 1, users: [] });
  assert.deepEqual(await read(), { since: undefined, users: ['ann', 'bob'] });
  assert.deepEqual(
    await read(before + 2),
    { since: undefined, users: ['ann', 'bob'] },
    'an epoch of the future: the database was restored',
  );
});

test('a revocation without an epoch, written by the release before, is always read', async (t) => {
  const { db, read } = await open(t);
  await db('revocations').insert({ what: JSON.stringify({ user: 'ann', before: 1 }), forgetAt: Date.now() + 60_000 });
  await incrementEpoch(db);
  const now = await getEpoch(db);
  assert.deepEqual(await read(now), { since: now, users: ['ann'] });
});
