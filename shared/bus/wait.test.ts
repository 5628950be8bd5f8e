import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBus } from './memory.ts';
import { waitFor } from './wait.ts';

test('what is waited for is read again after a notification, not only when time is over', async (t) => {
  const bus = memoryBus();
  t.after(() => bus.close());
  const row: { state?: string } = {};
  let reads = 0;
  const waiting = waitFor(bus, 'ended', 60_000, async () => {
    reads += 1;
    return row.state ? { state: row.state } : undefined;
  });
  row.state = 'done';
  bus.notify('ended');
  assert.deepEqual(await waiting, { state: 'done' });
  assert.equal(reads, 2);
});

test('a lost notification costs no more than the interval', async (t) => {
  const bus = memoryBus();
  t.after(() => bus.close());
  let reads = 0;
  const found = await waitFor(bus, 'ended', 1, async () => {
    reads += 1;
    return reads === 3 ? { reads } : undefined;
  });
  assert.deepEqual(found, { reads: 3 });
});
