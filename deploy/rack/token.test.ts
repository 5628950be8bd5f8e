import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatToken, parseDuration, parseToken } from './token.ts';

const token = { registry: '10.0.0.1:8770', fingerprint: 'ab'.repeat(32), id: '0123456789ab', secret: 'secret' };

test('a join token is read as it was written, with spaces and line ends around it', () => {
  assert.deepEqual(parseToken(` ${formatToken(token)}\n`), token);
});

test('a text that is no join token, and a token with any letter changed or cut off, are refused by name', () => {
  const text = formatToken(token);
  assert.throws(() => parseToken('hello'), /this is no join token/);
  assert.throws(() => parseToken(text.slice(0, -1)), /the join token is damaged/);
  for (let at = 'wattle1.'.length; at < text.length; at += 1) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    assert.throws(() => parseToken(changed), /the join token is damaged/, `letter ${at}`);
  }
});

test('durations have a unit', () => {
  assert.deepEqual(['90s', '15m', '1h', '2d'].map(parseDuration), [90_000, 900_000, 3_600_000, 172_800_000]);
  for (const wrong of ['', '1', 'h', '0h', '-1h', '1.5h', '1w'])
    assert.throws(() => parseDuration(wrong), /a duration such as/);
});
