import assert from 'node:assert/strict';
import { test } from 'node:test';
import { steadyClock } from '../../test/fakes/steady-clock.ts';
import { ttlCache } from './ttl-cache.ts';

/** Counts how often it was asked. */
const counter = () => {
  let asked = 0;
  return async () => ++asked;
};

test('concurrent calls share one fetch, which is cached for a second', async (t) => {
  const clock = steadyClock(t);
  const [cached, count] = [ttlCache(), counter()];
  assert.deepEqual(await Promise.all([cached.get('a', count), cached.get('a', count)]), [1, 1]);
  clock.tick(999);
  assert.equal(await cached.get('a', count), 1);
  clock.tick(1);
  assert.equal(await cached.get('a', count), 2);
});

test('a fetch that began before the cache was cleared is not used after it', async () => {
  const cached = ttlCache();
  const late = Promise.withResolvers<string>();
  const before = cached.get('name', () => late.promise);
  cached.forget();
  assert.equal(await cached.get('name', async () => 'new'), 'new');
  late.resolve('old');
  assert.equal(await before, 'old');
  assert.equal(await cached.get('name', async () => 'newer'), 'new');
});

test('a failure is not cached', async () => {
  const cached = ttlCache();
  await assert.rejects(cached.get('a', async () => Promise.reject(new Error('busy'))));
  assert.equal(await cached.get('a', async () => 1), 1);
});

test('the oldest entries above the size are dropped', async () => {
  const [cached, count] = [ttlCache({ size: 2 }), counter()];
  for (const key of ['a', 'b', 'c', 'a']) await cached.get(key, count);
  assert.equal(await cached.get('c', count), 3);
  assert.equal(await cached.get('a', count), 4);
});
