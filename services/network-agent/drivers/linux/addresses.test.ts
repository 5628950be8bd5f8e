import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familyOf, ip6Number, isWithin, linkLocalOf } from './addresses.ts';

test('an address or a range has a family, anything else is refused', () => {
  assert.equal(familyOf('10.0.0.1'), 4);
  assert.equal(familyOf('0.0.0.0/0'), 4);
  assert.equal(familyOf('::/0'), 6);
  for (const bad of ['', '10.0.0.1/33', '10.0.0.1/', '10.0.0', 'fe80::1%eth0', '10.0.0.1, 10.0.0.2', 'fd00::/129']) {
    assert.throws(() => familyOf(bad), /neither/, bad);
  }
});

test('an IPv6 address is a number of sixteen bytes', () => {
  assert.equal(ip6Number('fe80::1'), '0xfe800000000000000000000000000001');
  assert.equal(ip6Number('::'), `0x${'0'.repeat(32)}`);
  assert.equal(ip6Number('::ffff:10.0.0.1'), `0x${'0'.repeat(20)}ffff0a000001`);
  assert.equal(ip6Number('1:2:3:4:5:6:7:8'), '0x00010002000300040005000600070008');
});

test('a MAC gives its link-local address', () => {
  assert.equal(linkLocalOf('fa:16:3e:12:34:56'), 'fe80::f816:3eff:fe12:3456');
});

test('an IPv4 address is within a range or not', () => {
  assert.ok(isWithin('10.7.0.255', '10.7.0.0/24'));
  assert.ok(isWithin('192.168.1.1', '0.0.0.0/0'));
  assert.ok(!isWithin('10.7.1.0', '10.7.0.0/24'));
  assert.ok(!isWithin('fd00::1', '0.0.0.0/0'));
});
