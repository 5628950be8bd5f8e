import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical, cidrOf, cidrText, contains, eui64, overlap } from '#shared/net/addresses.ts';
import { addressAt, defaultPools, inPools, lowestFree, poolSize, randomAddresses } from './pools.ts';

const cidr = (text: string) => cidrOf(text) ?? assert.fail(`${text} is a range`);

test('the host bits of a range are cleared', () => {
  assert.equal(cidrText(cidr('10.7.0.9/24')), '10.7.0.0/24');
  assert.equal(cidrText(cidr('2001:DB8:0:0::1/64')), '2001:db8::/64');
});

test('cidrOf is undefined for a malformed range', () => {
  for (const text of ['10.7.0.0/33', '10.7.0/24', '10.7.0.0/', 'blue', '10.7.0.0/24/1', 'fe80::1%eth0/64'])
    assert.equal(cidrOf(text), undefined, text);
});

test('canonical gives one form of an address', () => {
  assert.equal(canonical('2001:0db8:0000::0001'), '2001:db8::1');
  assert.equal(canonical('1:0:0:2:0:0:0:3'), '1:0:0:2::3');
  assert.equal(canonical('::ffff:10.0.0.1'), '::ffff:a00:1');
  assert.equal(canonical('10.0.0.256'), undefined);
});

test('the default pools are all usable addresses but the gateway', () => {
  assert.deepEqual(defaultPools(cidr('10.7.0.0/24'), '10.7.0.1'), [{ start: '10.7.0.2', end: '10.7.0.254' }]);
  assert.deepEqual(defaultPools(cidr('10.7.0.0/29'), '10.7.0.3'), [
    { start: '10.7.0.1', end: '10.7.0.2' },
    { start: '10.7.0.4', end: '10.7.0.6' },
  ]);
  assert.deepEqual(defaultPools(cidr('10.7.0.0/30'), null), [{ start: '10.7.0.1', end: '10.7.0.2' }]);
  assert.deepEqual(defaultPools(cidr('fd00::/64'), 'fd00::1'), [
    { start: 'fd00::2', end: 'fd00::ffff:ffff:ffff:ffff' },
  ]);
});

test('ranges overlap when they share an address', () => {
  assert.ok(overlap(cidr('10.7.0.0/16'), cidr('10.7.3.0/24')));
  assert.ok(!overlap(cidr('10.7.0.0/24'), cidr('10.7.1.0/24')));
  assert.ok(!overlap(cidr('0.0.0.0/0'), cidr('::/0')));
  assert.ok(contains(cidr('10.7.0.0/24'), '10.7.0.255'));
  assert.ok(!contains(cidr('10.7.0.0/24'), '10.7.1.0'));
});

test('randomAddresses picks from the pools only, and lowestFree finds the lowest free address', () => {
  const pools = [
    { start: '10.7.0.2', end: '10.7.0.3' },
    { start: '10.7.0.9', end: '10.7.0.9' },
  ];
  assert.equal(poolSize(pools), 3n);
  assert.equal(addressAt(pools, 2n), '10.7.0.9');
  for (const address of randomAddresses(pools, 20)) assert.ok(inPools(pools, address), address);
  assert.equal(lowestFree(pools, new Set(['10.7.0.2', '10.7.0.3'])), '10.7.0.9');
  assert.equal(lowestFree(pools, new Set(['10.7.0.2', '10.7.0.3', '10.7.0.9'])), undefined);
});

test('eui64 derives an address from a MAC', () => {
  assert.equal(eui64(cidr('fd00:7::/64'), 'fa:16:3e:12:34:56'), 'fd00:7::f816:3eff:fe12:3456');
});
