import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropDeadline, watchDeadline } from './deadlines.ts';

test('a deadline expires once, a moved one later, a dropped one never', async () => {
  const expired: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const dropped = { at: performance.now(), expire: () => expired.push('dropped') };
  const end = () => {
    expired.push('moved');
    resolve();
  };
  const moved = { at: performance.now(), expire: end };
  watchDeadline(dropped);
  watchDeadline({ at: performance.now(), expire: () => void expired.push('first') });
  watchDeadline(moved);
  moved.at += 150;
  assert.equal(dropDeadline(dropped), true);
  const alive = setTimeout(() => {}, 10_000); // the watch itself keeps no process alive
  await promise;
  clearTimeout(alive);
  assert.deepEqual(expired, ['first', 'moved']);
});
