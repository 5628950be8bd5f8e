import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openChanges } from './changes.ts';

const never = new AbortController().signal;
const long = 600_000;

test('a subscriber sees a change, also one that comes before it waits', async () => {
  const changes = openChanges();
  const [early, late] = [changes.subscribe(), changes.subscribe()];
  const waiting = early(long, never);
  changes.notify();
  await waiting;
  await late(long, never);
});

test('a wait ends with its timeout, with its request and with the process', async () => {
  const changes = openChanges();
  await changes.subscribe()(1, never);
  const gone = new AbortController();
  const asked = changes.subscribe()(long, gone.signal);
  gone.abort();
  await asked;
  const open = changes.subscribe()(long, never);
  changes.close();
  await open;
  await changes.subscribe()(long, never);
});

test('a subscriber does not see a change made before it subscribed', async () => {
  const changes = openChanges();
  changes.notify();
  const first = await Promise.race([
    changes
      .subscribe()(long, never)
      .then(() => 'changed'),
    Promise.resolve('waits'),
  ]);
  assert.equal(first, 'waits');
  changes.close();
});
