import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '#shared/db/open.ts';
import { ensureTasksTable } from '#shared/workflow/tasks.ts';
import { deleteOldWork, ensureHostWorkTable, ensureWork, finishWork, listOpenWork } from './work.ts';

test('work is deleted when it is finished and its task has ended, and not before', async (t) => {
  const db = openDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  await ensureTasksTable(db);
  await ensureHostWorkTable(db);
  const task = '5c9a1e5c-6a1f-4a53-9a59-2a7ce3a25c1a';
  await db('tasks').insert({
    id: task,
    workflow: 'w',
    params: '{}',
    results: '{}',
    step: 's',
    direction: 'do',
    deadline: 0,
    tries: 0,
    claim: 0,
    freeAt: 0,
    requestId: '',
  });
  for (const id of [`${task}/do/s`, 'other/do/s', 'open/do/s'])
    await ensureWork(db, 'h', { id, verb: 'v', spec: { id } });
  for (const id of [`${task}/do/s`, 'other/do/s']) await finishWork(db, id, 'h', { result: null });
  await deleteOldWork(db, Date.now() - 1000);
  assert.equal((await db('host_work')).length, 3, 'it is too young');
  await deleteOldWork(db, Date.now() + 1000);
  assert.deepEqual(
    (await db('host_work').orderBy('sequence')).map(({ id }) => id),
    [`${task}/do/s`, 'open/do/s'],
  );
  assert.deepEqual(
    (await listOpenWork(db, 'h')).map(({ id }) => id),
    ['open/do/s'],
  );
});
