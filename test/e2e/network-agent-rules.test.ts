/** Rulesets are loaded into the real kernel. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseCreate } from '#shared/resource/body.ts';
import { securityGroupRules } from '../../services/network/security-groups/resource.ts';
import { parseRule } from '../../services/network/security-groups/rule.ts';
import { type Block, changeText, rulesetText } from '../../services/network-agent/drivers/linux/blocks.ts';
import { loadNft } from '../../services/network-agent/drivers/linux/commands.ts';
import type { FirewallState } from '../../services/network-agent/drivers/linux/firewall-state.ts';
import { parseHostEndpoint } from '../../services/network-agent/drivers/linux/host-endpoints.ts';
import { namesOf } from '../../services/network-agent/drivers/linux/names.ts';
import { withoutRefused } from '../../services/network-agent/drivers/linux/refused-rules.ts';
import { rulesetOf } from '../../services/network-agent/drivers/linux/ruleset.ts';
import { validateSpec } from '../../services/network-agent/drivers/linux/validate-spec.ts';
import type { FirewallRule, Segment } from '../../shared/contracts/network-agent.ts';
import { protocolNumbers } from '../../shared/contracts/protocols.ts';
import { run } from '../../shared/process/run.ts';
import { missing, openHost } from './network-agent-host.ts';
import { plugged } from './network-agent-networks.ts';
import { groupOf, idOf, macOf } from './network-agent-specs.ts';

const skip = await missing();

test('OSSA-2015-012: each ruleset becomes the next by an incremental change, and the kernel accepts every unusual value', {
  skip,
}, async (t) => {
  const { namespace } = await scratch(t);
  const names = namesOf('zzzz');
  const listed = async () => (await run(['ip', 'netns', 'exec', namespace, 'nft', 'list', 'ruleset'])).stdout;
  let before: Block[] = [];
  await loadNft(rulesetText(names.table, before), namespace);
  for (const [turn, state] of oddStates().entries()) {
    const after = rulesetOf({ names, ...state });
    const change = changeText(names.table, before, after);
    if (change !== null) await loadNft(change, namespace);
    const changed = change === null ? null : sortedBlocks(await listed());
    await loadNft(rulesetText(names.table, after), namespace);
    if (changed !== null) assert.deepEqual(changed, sortedBlocks(await listed()), `turn ${turn}`);
    before = after;
  }
});

test('OSSA-2012-007, OSSA-2019-001: the kernel accepts a rule of every protocol that the API accepts', {
  skip,
}, async (t) => {
  const { namespace } = await scratch(t);
  const words = [
    ...protocolNumbers.keys(),
    'TCP',
    'Udp',
    ...Array.from({ length: 256 }, (_, number) => String(number)),
  ];
  const rules = words.flatMap((protocol) =>
    (['IPv4', 'IPv6'] as const).flatMap((ethertype): FirewallRule[] => {
      const said = taken({ security_group_id: 'g', direction: 'ingress', ethertype, protocol });
      const family = ethertype === 'IPv4' ? 4 : 6;
      return said ? [{ ...said, direction: 'ingress', family, remoteGroupId: null, cidr: said.normalizedCidr }] : [];
    }),
  );
  assert.ok(rules.length > 300);
  const { spec, refused } = validateSpec('group', { id: idOf(6, 1), members: [], rules });
  assert.deepEqual(refused, []);
  const state = {
    generation: 1,
    ports: [],
    groups: [spec],
    bridges: [],
    masqueraded: [],
    machines: [],
    hostEndpoints: [],
  };
  const names = namesOf('zzzz');
  await loadNft(
    rulesetText(names.table, rulesetOf({ names, ...state, tunnels: { port: 4789, peers: [] } })),
    namespace,
  );
});

/** Undefined when the API refuses the value. */
function taken(rule: Readonly<Record<string, string>>) {
  try {
    return parseRule(parseCreate(securityGroupRules.attributes, rule));
  } catch {
    return undefined;
  }
}

test('OSSA-2014-014: a malformed rule is left out and reported, and rules removed with it are removed', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const group = groupOf(1, [{ protocol: 'tcp', portMin: 7000, portMax: 7001 }]);
  await host.driver.ensureGroup(group);
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [group.id] }));
  const other = await plugged(host, host.port(2, blue, '10.7.0.12', { groupIds: [group.id] }));
  for (const port of [7000, 7001]) await web.listens(port);
  assert.ok(await other.reaches('10.7.0.11', 7000));
  const poisoned = groupOf(1, [{ protocol: 'nosuch' }, { protocol: 'tcp', portMin: 7001, portMax: 7001 }]);
  assert.deepEqual(await host.driver.ensureGroup(poisoned), { refused: ['rules[0]'] });
  assert.ok(!(await other.reaches('10.7.0.11', 7000, 0.5)), 'the removed rule');
  assert.ok(await other.reaches('10.7.0.11', 7001), 'the valid rule');
});

test('OSSA-2014-014: a rule that the kernel refuses closes its own port or group only', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const group = groupOf(1, [{}]);
  const port = (number: number, more: object) => ({ number, spec: host.port(number, blue, `10.7.0.1${number}`, more) });
  const state = {
    generation: 1,
    names: host.names,
    ports: [port(1, { groupIds: [group.id] }), port(2, { groupIds: ['no; name'] }), port(3, {})],
    groups: [group, { ...groupOf(2, []), id: 'no } name' }, { ...groupOf(3, []), members: ['nobody'] }],
    bridges: [],
    masqueraded: [],
    machines: [],
    hostEndpoints: [],
    tunnels: { port: 4789, peers: [] },
  };
  const { state: possible, refused } = await withoutRefused(state);
  assert.deepEqual([...refused], ['no } name', idOf(6, 3), idOf(2, 2)]);
  assert.deepEqual(possible.groups, [group]);
  assert.deepEqual(
    possible.ports.map(({ number }) => number),
    [1, 3],
  );
  const { namespace } = await scratch(t);
  await loadNft(rulesetText(host.names.table, rulesetOf(possible)), namespace);
});

async function scratch(t: TestContext) {
  const namespace = `guest-${Math.random().toString(36).slice(2, 8)}`;
  await run(['ip', 'netns', 'add', namespace]);
  t.after(() => run(['ip', 'netns', 'del', namespace]));
  return { namespace };
}

/** Firewall states with unusual values that the API accepts. */
function oddStates(): Omit<FirewallState, 'names'>[] {
  const odd = [
    '0.0.0.0/0',
    '::/0',
    '224.0.0.1',
    'ff02::1',
    '10.0.0.5',
    '10.0.0.0/24',
    '10.0.0.0/25',
    'fd00::5',
    'fd00::/64',
    '255.255.255.255',
  ];
  const pick = <T>(all: readonly T[], turn: number, by: number): T[] =>
    all.filter((_, index) => (index * by + turn) % 3 === 0);
  const protocols = [
    'tcp',
    'UDP',
    'icmp',
    'sctp',
    'dccp',
    'udplite',
    '6',
    '17',
    '0',
    '255',
    'esp',
    'ipv6-icmp',
    'igmp',
    null,
  ];
  return Array.from({ length: 12 }, (_, turn) => {
    const segment: Segment = {
      networkId: 'n',
      type: 'vxlan',
      id: 1,
      physical: null,
      bridge: 'bzzzz0000000001',
      mtu: 1450,
      peers: [],
    };
    const groups = pick([1, 2, 3, 4], turn, 2).map((number) => ({
      id: idOf(6, number),
      members: pick(odd, turn + number, 1),
      rules: pick(protocols, turn + number, 1).flatMap((protocol, index): FirewallRule[] => [
        {
          direction: index % 2 ? 'ingress' : 'egress',
          family: 4,
          protocol,
          portMin: index % 3 ? 1 : null,
          portMax: index % 3 ? 200 : null,
          cidr: null,
          remoteGroupId: index % 2 ? idOf(6, 9) : null,
        },
        {
          direction: index % 2 ? 'egress' : 'ingress',
          family: 6,
          protocol,
          portMin: index % 4 ? 0 : null,
          portMax: index % 4 ? 0 : null,
          cidr: index % 2 ? '::/0' : 'fd00::/8',
          remoteGroupId: null,
        },
      ]),
    }));
    const ports = pick([1, 2, 3, 4, 5, 6, 7], turn, 1).map((number) => ({
      number,
      spec: {
        id: idOf(2, number),
        segment,
        tap: `tzzzz000000000${number}`,
        mac: macOf(number + (turn % 2)),
        fixedIps: pick(['10.0.0.5', 'fd00::5', '10.0.0.6'], turn + number, 1).map((address) => ({
          address,
          subnetId: 's',
        })),
        allowedPairs: pick(odd, turn + number, 2).map((address) => ({ address, mac: number % 2 ? '' : macOf(99) })),
        guarded: number % 4 !== 0,
        adminUp: number % 5 !== 0,
        groupIds: pick([1, 2, 3, 9], turn + number, 1).map((group) => idOf(6, group)),
      },
    }));
    const bridges = [{ bridge: segment.bridge, zone: turn % 4 === 0 ? null : 7 }];
    const endpoints = [parseHostEndpoint('8774', '192.0.2.1'), parseHostEndpoint('[fd00::1]:53', '')];
    const peers = turn % 3 === 0 ? [] : ['192.0.2.1', ...(turn % 2 ? ['fd00::1'] : [])];
    return {
      ports,
      groups,
      bridges,
      masqueraded: turn % 2 ? [segment.bridge] : [],
      generation: turn,
      machines: turn % 2 ? ['10.0.0.0/24', 'fd00::/64'] : [],
      hostEndpoints: turn % 3 ? [] : endpoints,
      tunnels: { port: 4789, peers },
    };
  });
}

/** The ruleset with its chains sorted: the kernel lists them in order of creation. */
const sortedBlocks = (listing: string) =>
  listing
    .split(/\n(?=\t(?:chain|set) |table |\})/)
    .map((block) => block.trim())
    .filter(Boolean)
    .toSorted((one, other) => one.localeCompare(other));
