import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openChanges } from './changes.ts';

const never = new AbortController().signal;
const long = 600_000;

test('whoever listened before the news hears of it, also when it came before the wait', async () => {
  const changes = openChanges();
  const [early, late] = [changes.listen(), changes.listen()];
  const waiting = early(long, never);
  changes.report();
  await waiting;
  await late(long, never);
});

test('a wait ends with its time, with its asker and with the process', async () => {
  const changes = openChanges();
  await changes.listen()(1, never);
  const gone = new AbortController();
  const asked = changes.listen()(long, gone.signal);
  gone.abort();
  await asked;
  const open = changes.listen()(long, never);
  changes.close();
  await open;
  await changes.listen()(long, never);
});

test('news that came before it listened is none', async () => {
  const changes = openChanges();
  changes.report();
  const first = await Promise.race([
    changes
      .listen()(long, never)
      .then(() => 'told'),
    Promise.resolve('waits'),
  ]);
  assert.equal(first, 'waits');
  changes.close();
});
