import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionOf, rangesOf } from './conditions.ts';

test('a range is limited to the size of the object', () => {
  assert.deepEqual(rangesOf('bytes=0-0', 10), [{ from: 0, to: 0 }]);
  assert.deepEqual(rangesOf('bytes=5-', 10), [{ from: 5, to: 9 }]);
  assert.deepEqual(rangesOf('bytes=-3', 10), [{ from: 7, to: 9 }]);
  assert.deepEqual(rangesOf('bytes=-30', 10), [{ from: 0, to: 9 }]);
  assert.deepEqual(rangesOf('bytes=8-20', 10), [{ from: 8, to: 9 }]);
  assert.deepEqual(rangesOf('bytes=0-1, 20-30,4-5', 10), [
    { from: 0, to: 1 },
    { from: 4, to: 5 },
  ]);
  assert.deepEqual(rangesOf('bytes=10-', 10), []);
  assert.deepEqual(rangesOf('bytes=-0', 10), []);
  assert.deepEqual(rangesOf('BYTES = 0 - 3', 10), [{ from: 0, to: 3 }]);
  assert.equal(rangesOf('bytes=-5', 0), undefined, 'the last bytes of nothing are the whole of it');
  assert.deepEqual(rangesOf('bytes=0-', 0), []);
  for (const word of ['lines=0-1', 'bytes=', 'bytes=a-b', 'bytes=5-4', undefined])
    assert.equal(rangesOf(word, 10), undefined);
});

test('ranges that would send the same bytes again and again are refused', () => {
  const many = (count: number, word: (at: number) => string) => `bytes=${[...Array(count).keys()].map(word).join()}`;
  assert.equal(
    rangesOf(
      many(50, (at) => `${at}-${at}`),
      100,
    )?.length,
    50,
  );
  assert.deepEqual(
    rangesOf(
      many(51, (at) => `${at}-${at}`),
      100,
    ),
    [],
  );
  assert.deepEqual(
    rangesOf(
      many(50, () => '0-'),
      100,
    ),
    [],
  );
  assert.equal(rangesOf('bytes=0-5,3-8', 100)?.length, 2);
  assert.deepEqual(
    rangesOf(
      many(8, (at) => `${99 - at}-${99 - at}`),
      100,
    ),
    [],
  );
});

test('each condition counts, tags before times', () => {
  const at = (asked: Record<string, string>) => conditionOf(asked, 'abc', '1000000000.50000');
  const time = (seconds: number) => new Date(seconds * 1000).toUTCString();
  assert.equal(at({ 'if-match': '"abc"' }), undefined);
  assert.equal(at({ 'if-match': 'x, "y"' }), 412);
  assert.equal(at({ 'if-none-match': 'W/"abc"' }), 304);
  assert.equal(at({ 'if-none-match': '*' }), 304);
  assert.equal(
    at({ 'if-modified-since': time(1_000_000_001) }),
    304,
    'a time with a fraction counts as the next second',
  );
  assert.equal(at({ 'if-modified-since': time(1_000_000_000) }), undefined);
  assert.equal(at({ 'if-none-match': 'x', 'if-modified-since': time(2_000_000_000) }), 304);
  assert.equal(at({ 'if-match': '"abc"', 'if-unmodified-since': time(1_000_000_000) }), 412);
  assert.equal(at({ 'if-match': 'x', 'if-none-match': 'abc' }), 304);
  assert.equal(at({ 'if-unmodified-since': time(1_000_000_000) }), 412);
  assert.equal(at({ 'if-unmodified-since': 'whenever' }), undefined);
});
