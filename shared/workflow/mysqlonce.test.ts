import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '#shared/db/open.ts';import {randomBytes} from 'node:crypto';
import { Fault } from '#shared/errors/fault.ts';
import { openLog } from '#shared/log/log.ts';
import { type Runner, startRunner } from './runner.ts';
import { cancel, claimNext, enqueue, ensureTasksTable, LostClaim, save, supersede, type Task } from './tasks.ts';
import { type Step, step, type Workflow } from './workflow.ts';

type Flow = Workflow<object, object>;

async function open(t: TestContext) {
  const sch = 'wattle_r_' + randomBytes(3).toString('hex'); const db = openDatabase(process.env.WATTLE_TEST_MYSQL + '/' + sch);
  const runners: Runner[] = [];
  t.after(async () => {
    for (const runner of runners) await runner.close();
    await db.raw('drop schema ' + sch); await db.destroy();
  });
  await ensureTasksTable(db);
  const told: string[] = [];
  const lines: string[] = [];
  const log = openLog({}, (line) => lines.push(line));
  const flow = (steps: Step<object, object>[], deadlineMs = 60_000): Flow => ({
    name: 'work',
    deadlineMs,
    steps,
    done: async () => told.push('done'),
    failed: async (_tx, _params, _run, reason) => told.push(`failed: ${reason}`),
  });
  const start = async (work: Flow, { owner = 'a', leaseMs = 1000, limit = 5 } = {}) => {
    const options = { db, log, owner, leaseMs, limit, service: {}, backoffMs: 2, pollMs: 5 };
    const runner = await startRunner({ ...options, workflows: [work] });
    runners.push(runner);
    return runner;
  };
  const ended = async () => {
    while ((await db('tasks')).length > 0) await sleep(2);
  };
  const finish = async (work: Flow) => {
    await enqueue(db, work, {});
    await start(work);
    await ended();
  };
  return { db, told, lines, flow, start, ended, finish };
}

const failing = (error: Error) => () => Promise.reject(error);

test('a passing error is tried again, and a Fault turns round', async (t) => {
  const { told, flow, finish } = await open(t);
  let resets = 2;
  const reach = async () => {
    told.push('do');
    if (resets-- > 0) throw new Error('ECONNRESET');
  };
  const refuse = failing(new Fault(409, 'conflict', 'No room.'));
  await finish(flow([step('reach', reach, async () => told.push('undo')), step('refuse', refuse)]));
  assert.deepEqual(told, ['do', 'do', 'do', 'undo', 'failed: No room.']);
});

test('an error that does not pass ends at the deadline, which says so', async (t) => {
  const { told, flow, finish } = await open(t);
  await finish(flow([step('reach', failing(new Error('ECONNREFUSED')))], 50));
  assert.deepEqual(told, ['failed: work was not done within 0.05 s, it stood at reach.']);
});

test('a step that waits is told when its time is up', async (t) => {
  const { told, flow, finish } = await open(t);
  await finish(flow([step('wait', (_service, _params, { signal }) => sleep(60_000, null, { signal }))], 50));
  assert.equal(told.length, 1);
});

test('an undo that keeps failing is left at the deadline, and the others are done', async (t) => {
  const { told, lines, flow, finish } = await open(t);
  const undone = async () => told.push('undone');
  const stuck = step('stuck', failing(new Fault(500, 'unexpected', 'No.')), failing(new Error('ETIMEDOUT')));
  await finish(flow([step('below', async () => {}, undone), stuck], 50));
  assert.deepEqual(told, ['undone', 'failed: No.']);
  assert.match(lines.join(), /an undo is left/);
});

test('a step longer than its lease keeps its task', async (t) => {
  const { db, flow, start, ended } = await open(t);
  let ran = 0;
  const work = flow([
    step('long', async () => {
      ran += 1;
      await sleep(700);
    }),
  ]);
  await enqueue(db, work, {});
  await start(work, { owner: 'a', leaseMs: 250 });
  await start(work, { owner: 'b', leaseMs: 250 });
  await ended();
  assert.equal(ran, 1);
});

test('a cancelled run is stopped, and writes nothing more', async (t) => {
  const { db, told, flow, start } = await open(t);
  const begun = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<unknown>();
  const work = flow([
    step('wait', async (_service, _params, run) => {
      begun.resolve();
      await sleep(60_000, null, { signal: run.signal }).catch(() => {});
      await run.commit(async () => told.push('written')).catch(stopped.resolve);
    }),
  ]);
  const id = await enqueue(db, work, {});
  await start(work, { leaseMs: 30 });
  await begun.promise;
  await cancel(db, id);
  assert.ok((await stopped.promise) instanceof LostClaim);
  assert.deepEqual(told, []);
});

test('a claim ends the writes of the claim before it, also when both have one owner', async (t) => {
  const { db, flow } = await open(t);
  await enqueue(db, flow([]), {});
  const first = (await claimNext(db, 'a', 0, ['work'])) as Task;
  await sleep(2);
  const second = (await claimNext(db, 'a', 1000, ['work'])) as Task;
  await assert.rejects(save(db, first, { step: 'old' }), LostClaim);
  await save(db, second, { step: 'new' });
});

test('two that reach for the same task get one each', async (t) => {
  const { db, flow } = await open(t);
  const ids = [await enqueue(db, flow([]), {}), await enqueue(db, flow([]), {})];
  const claimed = await Promise.all(['a', 'b'].map((owner) => claimNext(db, owner, 1000, ['work'])));
  assert.deepEqual(new Set(claimed.map((task) => task?.id)), new Set(ids));
});

test('a process takes over from its former self at once, from others later', async (t) => {
  const { db, told, flow, start, ended } = await open(t);
  const work = flow([]);
  await enqueue(db, work, {});
  await claimNext(db, 'a', 60_000, ['work']);
  const other = await start(work, { owner: 'b' });
  await sleep(30);
  await other.close();
  assert.deepEqual(told, []);
  await start(work, { owner: 'a' });
  await ended();
  assert.deepEqual(told, ['done']);
});

test('tasks run side by side, up to the limit', async (t) => {
  const { db, flow, start, ended } = await open(t);
  let now = 0;
  let most = 0;
  const work = flow([
    step('share', async () => {
      most = Math.max(most, ++now);
      await sleep(20);
      now -= 1;
    }),
  ]);
  for (let n = 0; n < 7; n += 1) await enqueue(db, work, {});
  await start(work, { limit: 3 });
  await ended();
  assert.equal(most, 3);
});

test('a row that names a step goes on there, though an upgrade put one before it', async (t) => {
  const { db, flow, start, ended } = await open(t);
  const seen: string[] = [];
  const named = (name: string) => step(name, async () => seen.push(name));
  await enqueue(db, flow([named('second')]), {});
  const work = flow([named('first'), named('second'), named('third')]);
  await start(work);
  await ended();
  assert.deepEqual(seen, ['second', 'third']);
});

test('a database that goes away breaks a run off, and nothing else', async (t) => {
  const { db, lines, flow, start } = await open(t);
  const begun = Promise.withResolvers<void>();
  const wait = step('wait', async (_service, _params, { signal }) => {
    begun.resolve();
    await sleep(60_000, null, { signal });
  });
  await enqueue(db, flow([wait]), {});
  await start(flow([wait]), { leaseMs: 30 });
  await begun.promise;
  await db.schema.renameTable('tasks', 'away');
  while (!lines.some((line) => line.includes('a run broke off'))) await sleep(2);
  assert.match(lines.join(), /a lease was not renewed/);
});

test('a task that takes over begins when the run before it has stopped, not earlier', async (t) => {
  const { db, told, flow, start, ended } = await open(t);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const slow = step<object, object>('slow', async () => {
    begun.resolve();
    await goOn.promise;
    told.push('landed');
  });
  const former = await enqueue(db, flow([slow]), {});
  const runner = await start(flow([slow]), { leaseMs: 60_000 });
  await begun.promise;
  const successor = await enqueue(db, { ...flow([]), name: 'work', steps: [] }, {});
  await db('tasks').where({ id: successor }).update({ step: '(end)' });
  await db.transaction((tx) => supersede(tx, former, successor));
  runner.recheck();
  assert.equal((await db('tasks').where({ id: successor }).first()).after, former);
  goOn.resolve();
  await ended();
  assert.deepEqual(told, ['landed', 'done']);
});
