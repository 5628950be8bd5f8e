import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyedQueue } from './keyed-queue.ts';

test('work of one key runs in order, and an error rejects only its own caller', async () => {
  const queue = keyedQueue();
  const done: number[] = [];
  const bad = queue('a', async () => {
    throw new Error('bad');
  });
  const good = queue('a', async () => done.push(1));
  await assert.rejects(bad, /bad/);
  await good;
  assert.deepEqual(done, [1]);
});
