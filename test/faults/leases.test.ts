/** Controllers that are paused, or whose clocks are wrong: a task is done once, and nobody writes who lost it. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureTable } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { claimDue, enqueue, ensureTasksTable } from '#shared/workflow/tasks.ts';
import { until } from '../e2e/story/cloud.ts';
import type { WorkerFault, WorkerOptions } from './task-worker.ts';

const tenMinutes = 600_000;
const leaseMs = 600;
const work = { name: 'work', deadlineMs: 3_600_000, steps: [{ name: 'write' }] };

async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'leases-'));
  const file = join(folder, 'db');
  const db = openDatabase(`sqlite:${file}`);
  const workers: ChildProcess[] = [];
  t.after(async () => {
    for (const worker of workers) {
      const gone = worker.exitCode === null && worker.signalCode === null ? once(worker, 'exit') : undefined;
      worker.kill('SIGKILL');
      await gone;
    }
    await db.destroy();
    rmSync(folder, { recursive: true });
  });
  await ensureTasksTable(db);
  await ensureTable(db, 'marks', (marks) => {
    marks.string('owner', 64);
    marks.string('what', 255);
  });
  const start = async (owner: string, more: Partial<WorkerOptions> = {}) => {
    const options: WorkerOptions = { url: `sqlite:${file}`, owner, leaseMs, ...more };
    const worker = fork(join(import.meta.dirname, 'task-worker.ts'), [JSON.stringify(options)]);
    workers.push(worker);
    await once(worker, 'message');
    return worker;
  };
  const marks = async (what: string): Promise<string[]> => db('marks').where({ what }).pluck('owner');
  const has = (what: string, owner: string) =>
    until(`${owner} has ${what}`, async () => (await marks(what)).includes(owner));
  const go = () => db('marks').insert({ owner: 'test', what: 'go' });
  /** Stops it, at a moment when it does not hold the database. */
  const pause = async (worker: ChildProcess) => {
    for (;;) {
      worker.kill('SIGSTOP');
      if (isFree(file)) return;
      worker.kill('SIGCONT');
      await sleep(5);
    }
  };
  const enqueued = () => enqueue(db, work as unknown as Parameters<typeof enqueue>[1], {});
  return { db, start, marks, has, go, pause, enqueued };
}

function isFree(file: string): boolean {
  const other = new DatabaseSync(file, { timeout: 50 });
  try {
    other.exec('BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch {
    return false;
  } finally {
    other.close();
  }
}

test('P02, P03: a controller that was paused past its lease writes nothing when it wakes: another has its task', async (t) => {
  const { db, start, marks, has, go, pause, enqueued } = await open(t);
  const paused = await start('paused');
  await enqueued();
  await has('begun', 'paused');
  await pause(paused);
  await start('other');
  await has('begun', 'other');
  const { claim } = await db('tasks').first('claim');
  await go();
  await has('done', 'other');
  paused.kill('SIGCONT');
  await enqueued(); // it is there again for the next one, or the other is
  await until('the next is done', async () => (await marks('done')).length === 2);
  assert.equal((await marks('written')).length, 2);
  assert.equal((await marks('written')).filter((owner) => owner === 'other').length >= 1, true);
  assert.equal(claim, 2, 'claims only grow');
  assert.deepEqual(await db('tasks'), []);
});

test('Q06: a controller whose event loop stands still past its lease writes nothing when it goes on', async (t) => {
  const { db, start, marks, has, go, enqueued } = await open(t);
  const blocked = await start('blocked');
  await enqueued();
  await has('begun', 'blocked');
  await start('other');
  blocked.send({ blockMs: 6 * leaseMs } satisfies WorkerFault);
  await has('begun', 'other');
  await go();
  await has('done', 'other');
  await enqueued();
  await until('the next is done', async () => (await marks('done')).length === 2);
  assert.equal((await marks('written')).length, 2, 'each task wrote once');
  assert.deepEqual(await db('tasks'), []);
  assert.equal(blocked.exitCode, null, 'and it goes on');
});

test('C07: a holder whose clock runs at half or at double speed keeps its task', async (t) => {
  const { db, start, marks, has, go, enqueued } = await open(t);
  for (const [owner, speed] of [
    ['half', 2],
    ['double', 0.5],
  ] as const) {
    const holder = await start(owner, { leaseMs: speed * leaseMs }); // what it takes for its lease
    await enqueued();
    await has('begun', owner);
    const other = await start(`beside ${owner}`);
    await sleep(3 * leaseMs); // the fault lasts so long
    assert.deepEqual(await marks('begun'), owner === 'half' ? ['half'] : ['half', 'double']);
    await go();
    await has('done', owner);
    for (const each of [holder, other]) each.kill('SIGKILL');
    await db('marks').where({ what: 'go' }).delete();
  }
});

for (const [id, words, aheadMs] of [
  ['C01, C08: ten minutes', 'ahead', tenMinutes],
  ['C02, C08: ten minutes', 'behind', -tenMinutes],
] as const) {
  test(`${id} ${words}, a controller takes no task that another holds`, async (t) => {
    const { start, marks, has, go, enqueued } = await open(t);
    await start('holder');
    await enqueued();
    await has('begun', 'holder');
    await start('wrong', { aheadMs });
    await sleep(3 * leaseMs); // the fault lasts so long
    assert.deepEqual(await marks('begun'), ['holder']);
    await go();
    await has('done', 'holder');
    assert.deepEqual(await marks('written'), ['holder']);
  });

  test(`${id} ${words}, a controller takes over what a dead one held`, async (t) => {
    const { db, start, has, go, enqueued } = await open(t);
    await enqueued();
    await claimDue(db, { owner: 'dead', leaseMs, workflows: ['work'], most: 1 });
    await start('wrong', { aheadMs });
    await has('begun', 'wrong');
    await go();
    await has('done', 'wrong');
  });

  test(`${id} ${words}: a holder whose own clock is set so keeps its task, and ends it`, async (t) => {
    const { start, marks, has, go, enqueued } = await open(t);
    const holder = await start('holder');
    await enqueued();
    await has('begun', 'holder');
    await start('other');
    holder.send({ stepMs: aheadMs } satisfies WorkerFault);
    await sleep(3 * leaseMs); // the fault lasts so long
    assert.deepEqual(await marks('begun'), ['holder']);
    await go();
    await has('done', 'holder');
    assert.deepEqual(await marks('written'), ['holder']);
  });
}
