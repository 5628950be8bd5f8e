import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { openBriefly } from './briefly.ts';

/** Counts how often it was asked. */
const counter = () => {
  let asked = 0;
  return async () => ++asked;
};

test('what many ask at the same time is found out once, until a second is over', async (t) => {
  mock.timers.enable({ apis: ['Date'] });
  t.after(() => mock.timers.reset());
  const [briefly, count] = [openBriefly(), counter()];
  assert.deepEqual(await Promise.all([briefly.get('a', count), briefly.get('a', count)]), [1, 1]);
  mock.timers.tick(999);
  assert.equal(await briefly.get('a', count), 1);
  mock.timers.tick(1);
  assert.equal(await briefly.get('a', count), 2);
});

test('what was asked before a change is not told after it', async () => {
  const briefly = openBriefly();
  const late = Promise.withResolvers<string>();
  const before = briefly.get('name', () => late.promise);
  briefly.forget();
  assert.equal(await briefly.get('name', async () => 'new'), 'new');
  late.resolve('old');
  assert.equal(await before, 'old');
  assert.equal(await briefly.get('name', async () => 'newer'), 'new');
});

test('a failure is not remembered', async () => {
  const briefly = openBriefly();
  await assert.rejects(briefly.get('a', async () => Promise.reject(new Error('busy'))));
  assert.equal(await briefly.get('a', async () => 1), 1);
});

test('only so many are kept: the oldest go first', async () => {
  const [briefly, count] = [openBriefly({ size: 2 }), counter()];
  for (const key of ['a', 'b', 'c', 'a']) await briefly.get(key, count);
  assert.equal(await briefly.get('c', count), 3);
  assert.equal(await briefly.get('a', count), 4);
});
