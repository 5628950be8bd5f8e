import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uptimeText } from './uptime.ts';

const now = new Date('2026-12-01T08:32:11Z');

test('the uptime of a host has the format of the command, with days and without', () => {
  const average = 'load average: 0.20, 0.12, 0.14';
  const text = (seconds: number) => uptimeText(now, seconds, [0.2, 0.12, 0.14]);
  assert.equal(text(93 * 86_400 + 18 * 3_600 + 25 * 60), ` 08:32:11 up 93 days, 18:25,  0 users,  ${average}`);
  assert.equal(text(86_400 + 60), ` 08:32:11 up 1 day, 1 min,  0 users,  ${average}`);
  assert.equal(text(2 * 3_600 + 5 * 60), ` 08:32:11 up  2:05,  0 users,  ${average}`);
});
