import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coalesced, inOrder } from './order.ts';

test('calls that come while it runs share one more run', async () => {
  const runs: PromiseWithResolvers<void>[] = [];
  const load = coalesced(() => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  });
  const first = load();
  await Promise.resolve().then(() => {});
  await new Promise(setImmediate);
  const others = [load(), load(), load()];
  runs[0]?.resolve();
  await first;
  await new Promise(setImmediate);
  assert.equal(runs.length, 2);
  runs[1]?.resolve();
  await Promise.all(others);
});

test('a failed run is told to its callers, and the next runs anyway', async () => {
  let times = 0;
  const load = coalesced(async () => {
    times += 1;
    if (times === 1) throw new Error('no');
    return times;
  });
  await assert.rejects(load(), /no/);
  assert.equal(await load(), 2);
});

test('work on one key is done in order, and an error is its caller’s alone', async () => {
  const queue = inOrder();
  const done: number[] = [];
  const bad = queue('a', async () => {
    throw new Error('bad');
  });
  const good = queue('a', async () => done.push(1));
  await assert.rejects(bad, /bad/);
  await good;
  assert.deepEqual(done, [1]);
});
