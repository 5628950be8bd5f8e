import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longTime, shortTime, timeOf } from './times.ts';

const noon = Date.UTC(2026, 10, 22, 12, 0, 0, 123);

test('a time is written short, or with microseconds; no time stays none', () => {
  assert.equal(shortTime(noon), '2026-11-22T12:00:00Z');
  assert.equal(longTime(noon), '2026-11-22T12:00:00.123000');
  assert.equal(longTime(null), null);
});

test('a time is read with a zone or without, which means UTC', () => {
  for (const text of ['2026-11-22T12:00:00.123', '2026-11-22 12:00:00.123', '2026-11-22T12:00:00.123z'])
    assert.equal(timeOf(text), noon, text);
  assert.equal(timeOf('2026-11-22T13:00:00.123+0100'), noon);
  assert.equal(timeOf('2026-11-22'), Date.UTC(2026, 10, 22));
});

test('what is no time is none', () => {
  for (const text of ['', 'yesterday', '22.11.2026', '2026-11-22T25:00:00'])
    assert.equal(timeOf(text), undefined, text);
});
