import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FirewallRule } from '#shared/contracts/network-agent.ts';
import { anyRule } from '../../../../test/e2e/network-agent-specs.ts';
import { memberSets, namedGroups, ruleLine } from './group-rules.ts';

const rule = (more: Partial<FirewallRule>): FirewallRule => ({ ...anyRule, ...more });

const ruleLines: readonly [Partial<FirewallRule>, string][] = [
  [{}, 'meta nfproto ipv4 goto let_in'],
  [{ direction: 'egress', family: 6 }, 'meta nfproto ipv6 goto to_guest'],
  [{ protocol: 'tcp', portMin: 22, portMax: 22 }, 'meta nfproto ipv4 meta l4proto 6 th dport 22-22 goto let_in'],
  [
    { protocol: 'UDP', portMin: 53, portMax: 60, cidr: '10.0.0.0/8' },
    'meta nfproto ipv4 ip saddr 10.0.0.0/8 meta l4proto 17 th dport 53-60 goto let_in',
  ],
  [{ protocol: 'tcp' }, 'meta nfproto ipv4 meta l4proto 6 goto let_in'],
  [{ cidr: '0.0.0.0/0', protocol: 'icmp' }, 'meta nfproto ipv4 meta l4proto 1 goto let_in'],
  [
    { protocol: 'icmp', portMin: 8, portMax: 0 },
    'meta nfproto ipv4 meta l4proto 1 icmp type 8 icmp code 0 goto let_in',
  ],
  [{ protocol: 'icmp', family: 6, portMin: 128 }, 'meta nfproto ipv6 meta l4proto 58 icmpv6 type 128 goto let_in'],
  [{ protocol: '112' }, 'meta nfproto ipv4 meta l4proto 112 goto let_in'],
  [{ protocol: 'vrrp', portMin: 1, portMax: 2 }, 'meta nfproto ipv4 meta l4proto 112 goto let_in'],
  [{ direction: 'egress', remoteGroupId: 'ab-cd' }, 'meta nfproto ipv4 ip daddr @gabcd_4 goto to_guest'],
];
for (const [more, line] of ruleLines)
  test(`a rule ${JSON.stringify(more)} is: ${line}`, () => assert.equal(ruleLine(rule(more)), line));

test('an invalid rule is refused before it becomes part of a ruleset', () => {
  assert.throws(() => ruleLine(rule({ protocol: 'accept; flush ruleset' })), /not a protocol/);
  assert.throws(() => ruleLine(rule({ cidr: '10.0.0.0/8 accept' })), /neither/);
  assert.throws(() => ruleLine(rule({ cidr: 'fd00::/8' })), /not a range of IPv4/);
});

test('OSSA-2013-020: members are in a set per family, and only ranges need an interval set', () => {
  const sets = memberSets({ id: 'ab', rules: [], members: ['10.0.0.1', '10.0.0.1', 'fd00::/64'] });
  assert.deepEqual(
    sets.map(({ name, lines }) => [name, lines]),
    [
      ['gab_4', ['10.0.0.1']],
      ['gab_6', ['fd00::/64']],
    ],
  );
  assert.ok(!sets[0]?.head.includes('interval'));
  assert.ok(sets[1]?.head.includes('auto-merge'));
});

test('a group that only a port or a rule names has sets and chains too', () => {
  const group = { id: 'a', members: [], rules: [rule({ remoteGroupId: 'b' })] };
  assert.deepEqual(namedGroups([{ groupIds: ['c', 'a'] }], [group]), ['a', 'c', 'b']);
});
