import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWithin } from '#shared/net/addresses.ts';
import { familyOf, ip6Number, linkLocalOf } from './addresses.ts';

test('familyOf gives 4 or 6 for an address or a range and throws for anything else', () => {
  assert.equal(familyOf('10.0.0.1'), 4);
  assert.equal(familyOf('0.0.0.0/0'), 4);
  assert.equal(familyOf('::/0'), 6);
  for (const bad of ['', '10.0.0.1/33', '10.0.0.1/', '10.0.0', 'fe80::1%eth0', '10.0.0.1, 10.0.0.2', 'fd00::/129']) {
    assert.throws(() => familyOf(bad), /neither/, bad);
  }
});

test('ip6Number gives the 128-bit number of an IPv6 address', () => {
  assert.equal(ip6Number('fe80::1'), '0xfe800000000000000000000000000001');
  assert.equal(ip6Number('::'), `0x${'0'.repeat(32)}`);
  assert.equal(ip6Number('::ffff:10.0.0.1'), `0x${'0'.repeat(20)}ffff0a000001`);
  assert.equal(ip6Number('1:2:3:4:5:6:7:8'), '0x00010002000300040005000600070008');
});

test('linkLocalOf derives the link-local address of a MAC', () => {
  assert.equal(linkLocalOf('fa:16:3e:12:34:56'), 'fe80::f816:3eff:fe12:3456');
});

test('isWithin tells whether an address is in a range', () => {
  assert.ok(isWithin('10.7.0.255', '10.7.0.0/24'));
  assert.ok(isWithin('192.168.1.1', '0.0.0.0/0'));
  assert.ok(!isWithin('10.7.1.0', '10.7.0.0/24'));
  assert.ok(!isWithin('fd00::1', '0.0.0.0/0'));
});
