import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coalesce } from './coalesce.ts';

test('calls that arrive during a run share the next run', async () => {
  const runs: PromiseWithResolvers<void>[] = [];
  const load = coalesce(() => {
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

test('a failed run rejects for its callers, and the next one runs', async () => {
  let times = 0;
  const load = coalesce(async () => {
    times += 1;
    if (times === 1) throw new Error('no');
    return times;
  });
  await assert.rejects(load(), /no/);
  assert.equal(await load(), 2);
});
