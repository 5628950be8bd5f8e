/** Published flaws of Neutron other than rules and values: cost of a boot, tokens in messages and logs, unbounded growth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  admin,
  anonymous,
  blueNetwork,
  bootPort,
  refusal,
  startCloud,
  until,
} from '../../services/network/cloud.test.ts';
import { routes } from '../../services/network/routes.ts';
import { faultyBus } from '../fakes/faulty-bus.ts';

const database = 'sqlite::memory:';

test('OSSA-2013-020: adding a server to a group that refers to itself costs the same as the first server', async (t) => {
  const cloud = await startCloud(t, { database });
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const boot = async (count: number, from: number): Promise<number> => {
    const before = host.calls.length;
    for (let n = from; n < from + count; n += 1) {
      await bootPort(cloud, network.id, 'kvm-1', `server-${n}`);
      await cloud.hostsInSync();
    }
    return host.calls.length - before;
  };
  await boot(1, 0);
  const few = await boot(10, 1);
  await boot(10, 11);
  const many = await boot(10, 21);
  assert.ok(many <= few * 1.5, `${few} pieces of work for the first ten, ${many} for the last`);
  const groups = [...host.groups.values()].filter(({ members }) => members.length > 0);
  assert.deepEqual(
    groups.map(({ members }) => members.length),
    [31],
  );
});

test('OSSA-2014-021: no message, row or line of the log holds a token', async (t) => {
  const said: string[] = [];
  const bus = faultyBus({
    before: (request) => {
      said.push(JSON.stringify(request));
      return [];
    },
  });
  const cloud = await startCloud(t, { database, bus });
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  await bootPort(cloud, network.id, 'kvm-1');
  await refusal(cloud, 'POST', 'ports', { port: { network_id: network.id, mac_address: 'x' } });
  await cloud.hostsInSync();
  const tables = ['ports', 'networks', 'statements', 'host_work', 'server_events', 'facts', 'hosts'];
  for (const table of tables) said.push(JSON.stringify(await cloud.db(table)));
  said.push(...cloud.lines, JSON.stringify(cloud.events));
  assert.ok(said.some((text) => text.includes(network.id)));
  assert.deepEqual(
    said.filter((text) => text.includes('token-of-')),
    [],
  );
});

test('OSSA-2021-006: requests to unknown paths leave nothing in memory', async (t) => {
  const cloud = await startCloud(t, { database });
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  const heapAfter = async (requests: number): Promise<number> => {
    for (let n = 0; n < requests; n += 1) {
      const [a, b] = [Math.random().toString(36), Math.random().toString(36)];
      await cloud.ask('GET', `/v2.0/${a}/${b}`);
      await cloud.ask('DELETE', `/v2.0/networks/${a}/tags/${b}`);
    }
    cloud.lines.length = 0;
    collect();
    return process.memoryUsage().heapUsed;
  };
  const sizes: number[] = [];
  for (let round = 0; round < 5; round += 1) sizes.push(await heapAfter(150));
  // State kept per path grows in each round; compilation and pools do not.
  const growths = sizes.slice(1).map((size, at) => size - (sizes[at] ?? 0));
  assert.ok(Math.min(...growths) < 60_000, `${growths.join(', ')} bytes for 300 requests each`);
});

test('OSSN-0102, FIX-NE-QOSRULE: a child in a path must belong to the parent in that path', async (t) => {
  const cloud = await startCloud(t, { database });
  const nested = [...new Set(routes.map(({ path }) => path))].filter((path) => /:.*:/.test(path));
  const known = [
    '/v2.0/agents/:id/l3-routers/:router_id', // a router is a resource of its own
    '/v2.0/floatingips/:floatingip_id/port_forwardings/:id',
    '/v2.0/ports/:id/bindings/:host', // a binding has no id but its host
    '/v2.0/ports/:id/bindings/:host/activate',
    '/v2.0/qos/policies/:policy_id/bandwidth_limit_rules/:id',
    '/v2.0/qos/policies/:policy_id/dscp_marking_rules/:id',
  ];
  assert.deepEqual(new Set(nested.filter((path) => !path.endsWith('/:id/tags/:tag'))), new Set(known));
  await assertRulesAreOfTheirPolicy(cloud);
  const own = await cloud.make('networks', { network: {} }, anonymous);
  const other = await cloud.make('networks', { network: {} });
  await cloud.ask('PUT', `/v2.0/networks/${other.id}/tags/theirs`);
  for (const method of ['GET', 'DELETE']) {
    const below = await refusal(cloud, method, `networks/${own.id}/tags/theirs`, undefined, anonymous);
    assert.deepEqual([below.status, below.type], [404, 'TagNotFound'], method);
    const foreign = await refusal(cloud, method, `networks/${other.id}/tags/theirs`, undefined, anonymous);
    assert.deepEqual([foreign.status, foreign.type], [404, 'TagResourceNotFound'], method);
  }
  // An id of one resource is not found as another resource.
  assert.equal((await refusal(cloud, 'PUT', `ports/${other.id}/tags/x`)).status, 404);
  const router = await cloud.make('routers', { router: {} });
  const { subnet } = await blueNetwork(cloud);
  const theirs = await cloud.make('routers', { router: {} }, admin);
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const leave = `routers/${theirs.id}/remove_router_interface`;
  const [leg] = await cloud.list(`ports?device_id=${router.id}`);
  assert.equal((await refusal(cloud, 'PUT', leave, { port_id: leg?.id }, admin)).type, 'RouterInterfaceNotFound');
  await until(async () => (await cloud.list(`ports?device_id=${router.id}`)).length === 1);
});

/** Port forwardings have the same code: a definition with a parent. */
async function assertRulesAreOfTheirPolicy(cloud: Awaited<ReturnType<typeof startCloud>>): Promise<void> {
  const policy = await cloud.make('qos/policies', { policy: { name: 'one' } }, admin);
  const other = await cloud.make('qos/policies', { policy: { name: 'other' } }, admin);
  const rule = await cloud.make(
    `qos/policies/${policy.id}/dscp_marking_rules`,
    { dscp_marking_rule: { dscp_mark: 10 } },
    admin,
  );
  const body = { dscp_marking_rule: { dscp_mark: 12 } };
  for (const [method, sent] of [
    ['GET', undefined],
    ['PUT', body],
    ['DELETE', undefined],
  ] as const) {
    const path = `qos/policies/${other.id}/dscp_marking_rules/${rule.id}`;
    const { status, type } = await refusal(cloud, method, path, sent, admin);
    assert.deepEqual([status, type], [404, 'QosRuleNotFound'], method);
  }
  const { dscp_marking_rule: left } = (
    await cloud.ask('GET', `/v2.0/qos/policies/${policy.id}/dscp_marking_rules/${rule.id}`, undefined, admin)
  ).body as { dscp_marking_rule: { dscp_mark: number } };
  assert.equal(left.dscp_mark, 10);
}
