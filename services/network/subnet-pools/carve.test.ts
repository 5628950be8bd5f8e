import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidrOf } from '#shared/net/addresses.ts';
import { carve, compact, isInside } from './carve.ts';

test('the first range that nobody has is cut', () => {
  assert.equal(carve(['10.0.0.0/16'], [], 24), '10.0.0.0/24');
  assert.equal(carve(['10.0.0.0/16'], ['10.0.0.0/24', '10.0.1.0/28'], 24), '10.0.2.0/24');
  assert.equal(carve(['10.0.0.0/16'], ['10.0.0.0/17'], 26), '10.0.128.0/26');
  assert.equal(carve(['10.0.0.0/24', '10.9.0.0/24'], ['10.0.0.0/24'], 24), '10.9.0.0/24');
  assert.equal(carve(['10.0.0.0/24'], ['10.0.0.64/26'], 24), undefined);
  assert.equal(carve(['fd00::/48'], ['fd00::/64'], 64), 'fd00:0:0:1::/64');
});

test('a range is inside a pool when one prefix has all of it', () => {
  const range = cidrOf('10.0.1.0/24') ?? assert.fail();
  assert.ok(isInside(['10.0.0.0/23'], range));
  assert.ok(!isInside(['10.0.0.0/24'], range));
});

test('prefixes that lie together are one', () => {
  assert.deepEqual(compact(['10.0.1.0/24', '10.0.0.0/24', '10.0.0.128/25']), ['10.0.0.0/23']);
  assert.deepEqual(compact(['10.0.1.0/24', '10.0.2.0/24']), ['10.0.1.0/24', '10.0.2.0/24']);
});
