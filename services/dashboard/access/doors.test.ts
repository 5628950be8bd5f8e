import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doors, isOpenedBy, type RuleBody, ruleOf } from './doors.ts';

const rule: RuleBody = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  port_range_min: 80,
  port_range_max: 443,
  remote_ip_prefix: null,
  remote_group_id: null,
};

test('a door is open when a rule lets everybody in to its port', () => {
  assert.deepEqual(
    [isOpenedBy(doors.http, rule), isOpenedBy(doors.https, rule), isOpenedBy(doors.ssh, rule)],
    [true, true, false],
  );
  const any = { ...rule, protocol: null, port_range_min: null, port_range_max: null };
  assert.ok(Object.values(doors).every((door) => isOpenedBy(door, any)));
  assert.ok(isOpenedBy(doors.http, { ...rule, remote_ip_prefix: '0.0.0.0/0' }));
});

test('a rule for some, for other protocols, or outwards opens no door', () => {
  const others = [
    { remote_group_id: 'g' },
    { remote_address_group_id: 'a' },
    { remote_ip_prefix: '10.0.0.0/8' },
    { direction: 'egress' },
    { ethertype: 'IPv6' },
    { protocol: 'udp' },
  ];
  for (const other of others) assert.ok(!isOpenedBy(doors.http, { ...rule, ...other }), JSON.stringify(other));
  assert.ok(!isOpenedBy(doors.ping, rule));
});

test('the rule that is made for a door opens it', () => {
  for (const door of Object.values(doors)) {
    const made = {
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_group_id: null,
      ...ruleOf(door),
    };
    assert.ok(isOpenedBy(door, made as RuleBody));
  }
});
