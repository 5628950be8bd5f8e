import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRecent } from './probe.ts';

test('OSSN-0082: isRecent is false for a dnsmasq with known vulnerabilities', () => {
  for (const old of ['2.77', '2.89', '2.9', '1.99']) assert.ok(!isRecent(`Dnsmasq version ${old}  Copyright`), old);
  for (const good of ['2.90', '2.91', '2.100', '3.0']) assert.ok(isRecent(`Dnsmasq version ${good}  Copyright`), good);
  assert.ok(!isRecent(''));
});
