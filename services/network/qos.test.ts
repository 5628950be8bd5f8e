/** QoS policies, their rules, and what hosts get of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  admin,
  blueNetwork,
  bootPort,
  type Cloud,
  type Json,
  member,
  nova,
  refusal,
  startCloud,
} from './cloud.test.ts';

const manager = 'blue/manager,member,reader';

async function policyCloud(t: Parameters<typeof startCloud>[0]) {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const policy = await cloud.make('qos/policies', { policy: { name: 'q' } }, manager);
  return { cloud, host, network, policy, path: `qos/policies/${policy.id}` };
}

const put = async (cloud: Cloud, path: string, body: Json, as = member): Promise<Json> => {
  const answer = await cloud.ask('PUT', `/v2.0/${path}`, body, as);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return Object.values(answer.body)[0] as Json;
};

test('the host of a port gets the rules of its policy, or of that of its network, and each change', async (t) => {
  const { cloud, host, network, policy, path } = await policyCloud(t);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  const limit = { max_kbps: 1000, max_burst_kbps: 200, direction: 'ingress' };
  const rule = await cloud.make(`${path}/bandwidth_limit_rules`, { bandwidth_limit_rule: limit }, manager);
  const mark = await cloud.make(`${path}/dscp_marking_rules`, { dscp_marking_rule: { dscp_mark: 26 } }, manager);
  const qosOf = async () => {
    await cloud.hostsInSync();
    return host.ports.get(port.id)?.qos;
  };
  assert.equal(await qosOf(), undefined);
  await put(cloud, `networks/${network.id}`, { network: { qos_policy_id: policy.id } });
  const expected = { limits: [{ direction: 'ingress', kbps: 1000, burstKb: 200 }], dscp: 26 };
  assert.deepEqual(await qosOf(), expected);
  assert.equal((await cloud.show(`ports/${port.id}`)).qos_network_policy_id, policy.id);
  const other = await cloud.make('qos/policies', { policy: { name: 'other' } }, manager);
  await put(cloud, `ports/${port.id}`, { port: { qos_policy_id: other.id } });
  assert.equal(await qosOf(), undefined, 'its own policy has no rule');
  await put(cloud, `ports/${port.id}`, { port: { qos_policy_id: null } });
  assert.deepEqual(await qosOf(), expected);
  const change = { bandwidth_limit_rule: { max_kbps: 5, max_burst_kbps: 6, direction: 'egress' } };
  await put(cloud, `${path}/bandwidth_limit_rules/${rule.id}`, change, manager);
  await put(cloud, `${path}/dscp_marking_rules/${mark.id}`, { dscp_marking_rule: { dscp_mark: 46 } }, manager);
  assert.deepEqual(await qosOf(), { limits: [{ direction: 'egress', kbps: 5, burstKb: 6 }], dscp: 46 });
  const types = ((await cloud.show(path)).rules as Json[]).map(({ type }) => type);
  assert.deepEqual(new Set(types), new Set(['bandwidth_limit', 'dscp_marking']));
  for (const [kind, { id }] of [['bandwidth_limit_rules', rule] as const, ['dscp_marking_rules', mark] as const])
    assert.equal((await cloud.ask('DELETE', `/v2.0/${path}/${kind}/${id}`, undefined, manager)).status, 204);
  assert.equal(await qosOf(), undefined);
});

test('rules that conflict, policies in use, second defaults and ports of routers are refused', async (t) => {
  const { cloud, network, policy, path } = await policyCloud(t);
  const rules = `${path}/bandwidth_limit_rules`;
  const limit = { bandwidth_limit_rule: { max_kbps: 1000 } };
  await cloud.make(rules, limit, manager);
  const mark = { dscp_marking_rule: { dscp_mark: 26 } };
  await cloud.make(`${path}/dscp_marking_rules`, mark, manager);
  await put(cloud, `networks/${network.id}`, { network: { qos_policy_id: policy.id } });
  await cloud.make('qos/policies', { policy: { name: 'd', is_default: true } }, manager);
  const device_owner = 'network:x';
  const cases: readonly [
    method: string,
    path: string,
    body: Json | undefined,
    as: string,
    status: number,
    type: string,
  ][] = [
    ['POST', rules, limit, manager, 409, 'QoSRulesConflict'],
    ['POST', `${path}/dscp_marking_rules`, mark, manager, 409, 'QoSRulesConflict'],
    ['DELETE', path, undefined, manager, 409, 'QosPolicyInUse'],
    [
      'POST',
      'qos/policies',
      { policy: { name: 'e', is_default: true } },
      manager,
      409,
      'QoSPolicyDefaultAlreadyExists',
    ],
    [
      'POST',
      'ports',
      { port: { network_id: network.id, device_owner, qos_policy_id: policy.id } },
      nova,
      400,
      'InvalidInput',
    ],
    ['POST', rules, limit, member, 403, 'PolicyNotAuthorized'],
    ['GET', path, undefined, 'red/member,reader', 404, 'QosPolicyNotFound'],
    ['GET', 'qos/rule-types/minimum_bandwidth', undefined, member, 404, 'QosRuleTypeNotFound'],
  ];
  for (const [method, at, body, as, status, type] of cases) {
    const answer = await refusal(cloud, method, at, body, as);
    assert.deepEqual([answer.status, answer.type], [status, type], `${method} ${at}`);
  }
  const { id } = await cloud.make('networks', { network: {} });
  assert.notEqual((await cloud.show(`networks/${id}`)).qos_policy_id, null, 'the default policy of its project');
});

test('a policy stays shared while a network of another project has it, and has one limit for each direction at once', async (t) => {
  const cloud = await startCloud(t);
  const policy = await cloud.make('qos/policies', { policy: { name: 'p', shared: true } }, admin);
  const network = await cloud.make('networks', { network: { qos_policy_id: policy.id } });
  const body = { policy: { shared: false } };
  const path = `qos/policies/${policy.id}`;
  assert.deepEqual((await refusal(cloud, 'PUT', path, body, admin)).type, 'RbacPolicyInUse');
  await cloud.ask('DELETE', `/v2.0/networks/${network.id}`);
  assert.equal((await cloud.ask('PUT', `/v2.0/${path}`, body, admin)).status, 200);
  const limit = { bandwidth_limit_rule: { max_kbps: 1000 } };
  const create = () => cloud.ask('POST', `/v2.0/${path}/bandwidth_limit_rules`, limit, admin);
  const statuses = (await Promise.all([create(), create(), create()])).map(({ status }) => status);
  assert.deepEqual(
    statuses.toSorted((one, other) => one - other),
    [201, 409, 409],
  );
});
