/** Updates keep other attributes and are safe under concurrency, and a refusal by a host shows in the status. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badRequest } from '#shared/errors/fault.ts';
import { admin, blueNetwork, type Cloud, type Json, refusal, startCloud, until } from './cloud.test.ts';

interface Gateway {
  readonly network_id: string;
  readonly enable_snat: boolean;
  readonly external_fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
}

async function routed(cloud: Cloud) {
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public');
  const outsideId = outside?.id ?? '';
  const { network, subnet } = await blueNetwork(cloud);
  const router = await cloud.make('routers', { router: { external_gateway_info: { network_id: outsideId } } });
  const routerInterface = { subnet_id: subnet.id };
  assert.equal(
    (await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, routerInterface)).status,
    200,
  );
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  const input = { floating_network_id: outsideId, port_id: port.id };
  const fip = await cloud.make('floatingips', { floatingip: input });
  return { outsideId, network, subnet, router, port, fip };
}

const gatewayPort = async (cloud: Cloud, routerId: string) =>
  (await cloud.list(`ports?device_id=${routerId}&device_owner=network:router_gateway`, admin))[0];

test('a gateway on the same network keeps its port, its address and its floating IPs', async (t) => {
  const cloud = await startCloud(t);
  const { outsideId, router, fip } = await routed(cloud);
  const before = await gatewayPort(cloud, router.id);
  const held = router.external_gateway_info as Gateway;
  const set = async (external_gateway_info: object) => {
    const { status, body } = await cloud.ask(
      'PUT',
      `/v2.0/routers/${router.id}`,
      { router: { external_gateway_info } },
      admin,
    );
    assert.equal(status, 200, JSON.stringify(body));
    return (body.router as Json).external_gateway_info as Gateway;
  };
  const same = await set({ network_id: outsideId, external_fixed_ips: held.external_fixed_ips, enable_snat: false });
  assert.deepEqual(same, { ...held, enable_snat: false });
  const none = await set({ network_id: outsideId, external_fixed_ips: [] });
  assert.deepEqual(none.external_fixed_ips, held.external_fixed_ips);
  const [{ subnet_id } = { subnet_id: '' }] = held.external_fixed_ips;
  const other = await set({ network_id: outsideId, external_fixed_ips: [{ subnet_id, ip_address: '172.24.4.77' }] });
  assert.deepEqual(other.external_fixed_ips, [{ subnet_id, ip_address: '172.24.4.77' }]);
  const after = await gatewayPort(cloud, router.id);
  assert.deepEqual([after?.id, after?.mac_address], [before?.id, before?.mac_address]);
  assert.equal((await cloud.show(`floatingips/${fip.id}`)).router_id, router.id);
});

test('a gateway needs a network_id, and is cleared by null or {}', async (t) => {
  const cloud = await startCloud(t);
  const { router, fip } = await routed(cloud);
  const put = (external_gateway_info: object | null) =>
    refusal(cloud, 'PUT', `routers/${router.id}`, { router: { external_gateway_info } }, admin);
  const nameless = await put({ enable_snat: false });
  assert.deepEqual([nameless.status, nameless.type], [400, 'HTTPBadRequest']);
  assert.equal((await put({})).type, 'RouterExternalGatewayInUseByFloatingIp');
  await cloud.ask('DELETE', `/v2.0/floatingips/${fip.id}`);
  assert.equal((await put({})).status, 200);
  assert.equal((await cloud.show(`routers/${router.id}`)).external_gateway_info, null);
});

test('a floating IP uses the router with the gateway address of the subnet', async (t) => {
  const cloud = await startCloud(t);
  const { outsideId, network, router, port, fip } = await routed(cloud);
  const gateway = { external_gateway_info: { network_id: outsideId } };
  for (let more = 0; more < 4; more += 1) {
    const { id } = await cloud.make('routers', { router: gateway });
    const routerInterface = await cloud.make('ports', { port: { network_id: network.id } });
    await cloud.ask('PUT', `/v2.0/routers/${id}/add_router_interface`, { port_id: routerInterface.id });
  }
  const change = (floatingip: object) => cloud.ask('PUT', `/v2.0/floatingips/${fip.id}`, { floatingip });
  assert.equal(((await change({ description: 'x' })).body.floatingip as Json).port_id, port.id);
  assert.equal(((await change({})).body.floatingip as Json).port_id, null);
  assert.equal(((await change({ port_id: port.id })).body.floatingip as Json).router_id, router.id);
  const alone = await refusal(cloud, 'PUT', `floatingips/${fip.id}`, { floatingip: { fixed_ip_address: '10.7.0.9' } });
  assert.match(alone.message ?? '', /cannot be specified without a port_id/);
});

test('a write with an outdated revision is a 412', async (t) => {
  const cloud = await startCloud(t);
  const { network, subnet, router, port, fip } = await routed(cloud);
  const group = await cloud.make('security-groups', { security_group: { name: 'g' } });
  const pool = await cloud.make('subnetpools', { subnetpool: { name: 'p', prefixes: ['10.20.0.0/16'] } });
  const things = {
    network: `networks/${network.id}`,
    subnet: `subnets/${subnet.id}`,
    port: `ports/${port.id}`,
    router: `routers/${router.id}`,
    floatingip: `floatingips/${fip.id}`,
    security_group: `security-groups/${group.id}`,
    subnetpool: `subnetpools/${pool.id}`,
  };
  const write = async (method: string, path: string, match: string, body?: object) => {
    const headers = { 'content-type': 'application/json', 'x-auth-token': 'blue/member,reader', 'if-match': match };
    const answer = await fetch(`${cloud.url}/v2.0/${path}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
    });
    return { status: answer.status, text: await answer.text() };
  };
  for (const [one, path] of Object.entries(things)) {
    const revision = Number((await cloud.show(path)).revision_number);
    const body = { [one]: { description: 'seen' } };
    const stale = await write('PUT', path, `revision_number=${revision + 1}`, body);
    assert.equal(stale.status, 412, one);
    assert.match(stale.text, /RevisionNumberConstraintFailed.*current revision is/);
    assert.equal((await write('DELETE', path, `revision_number=${revision + 7}`)).status, 412, one);
    assert.equal((await write('PUT', path, 'revision_number=x', body)).status, 400, one);
    const both = await Promise.all([1, 2].map(() => write('PUT', path, `"revision_number=${revision}"`, body)));
    assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([200, 412]), one);
  }
});

test('OSSA-2012-005: quotas of a new project hold under concurrent requests', async (t) => {
  const cloud = await startCloud(t);
  const limits = { network: 2, router: 2, security_group: 2, security_group_rule: 9 };
  const make = {
    networks: { network: {} },
    routers: { router: {} },
    'security-groups': { security_group: { name: 'g' } },
  };
  for (const [path, body] of Object.entries(make)) {
    const project = `fresh-${path}`;
    await cloud.ask('PUT', `/v2.0/quotas/${project}`, { quota: limits }, admin);
    const [one = ''] = Object.keys(body);
    const owned = { [one]: { ...(Object.values(body)[0] as object), project_id: project } };
    const made = await Promise.all(Array.from({ length: 20 }, () => cloud.ask('POST', `/v2.0/${path}`, owned, admin)));
    assert.equal(made.filter(({ status }) => status === 201).length, 2, path);
    assert.equal(made.filter(({ status }) => status === 409).length, 18, path);
  }
});

test('OSSA-2012-005, OSSA-2013-008: rules and ports count for the project that they are created in', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await blueNetwork(cloud);
  const group = await cloud.make('security-groups', { security_group: { name: 'g' } });
  const used = Number((await cloud.list('security-group-rules')).length);
  await cloud.ask('PUT', '/v2.0/quotas/blue', { quota: { security_group_rule: used + 3, port: 4 } }, admin);
  const rule = (port: number) => ({
    security_group_rule: {
      security_group_id: group.id,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: port,
      port_range_max: port,
    },
  });
  const rules = Array.from({ length: 50 }, (_, port) =>
    cloud.ask('POST', '/v2.0/security-group-rules', rule(port + 1)),
  );
  assert.equal((await Promise.all(rules)).filter(({ status }) => status === 201).length, 3);
  const another = await refusal(cloud, 'POST', 'security-groups', { security_group: { name: 'h' } });
  assert.deepEqual([another.status, another.type], [409, 'OverQuota']);
  const ports = Array.from({ length: 20 }, () =>
    cloud.ask('POST', '/v2.0/ports', { port: { network_id: network.id } }),
  );
  assert.equal((await Promise.all(ports)).filter(({ status }) => status === 201).length, 3); // and the DHCP port
  const many = {
    network_id: network.id,
    fixed_ips: Array.from({ length: 6 }, (_, n) => ({ ip_address: `10.7.0.${n + 9}` })),
  };
  assert.equal((await refusal(cloud, 'POST', 'ports', { port: many })).status, 400);
});

test('OSSA-2014-025: a port has at most ten address pairs', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await blueNetwork(cloud);
  const pairs = (count: number) => Array.from({ length: count }, (_, n) => ({ ip_address: `10.9.0.${n}` }));
  const port = (count: number) => ({ port: { network_id: network.id, allowed_address_pairs: pairs(count) } });
  assert.equal((await refusal(cloud, 'POST', 'ports', port(11))).status, 400);
  assert.equal((await cloud.ask('POST', '/v2.0/ports', port(10))).status, 201);
});

test('a spec that keeps failing is superseded by its correction', async (t) => {
  const cloud = await startCloud(t, { settings: { answerMs: 120_000 } });
  const bad = '192.168.66.0/24';
  const tried: string[] = [];
  cloud.startHost('kvm-1', {
    ensureRouter: async ({ routes }) => {
      tried.push(...routes.map(({ destination }) => destination));
      if (routes.some(({ destination }) => destination === bad)) throw new Error('Invalid prefix');
      return { refused: [] };
    },
  });
  await cloud.hostIsKnown('kvm-1');
  const { router } = await routed(cloud);
  const set = (destination: string) =>
    cloud.ask('PUT', `/v2.0/routers/${router.id}`, { router: { routes: [{ destination, nexthop: '10.7.0.9' }] } });
  await cloud.hostsInSync();
  await set(bad);
  await until(() => tried.includes(bad));
  const asked = Date.now();
  await set('192.168.67.0/24');
  await until(() => tried.includes('192.168.67.0/24'));
  await cloud.hostsInSync();
  assert.ok(Date.now() - asked < 60_000);
});

test('a router that its host refuses is in ERROR', async (t) => {
  const cloud = await startCloud(t);
  let refuses = true;
  let refused = ['routes[0]'];
  cloud.startHost('kvm-1', {
    ensureRouter: async () => {
      if (refuses) throw badRequest('no such thing here');
      return { refused };
    },
  });
  await cloud.hostIsKnown('kvm-1');
  const { router } = await routed(cloud);
  const is = (status: string) => until(async () => (await cloud.show(`routers/${router.id}`)).status === status);
  await is('ERROR');
  const again = () => cloud.ask('PUT', `/v2.0/routers/${router.id}`, { router: { description: 'again' } });
  refuses = false;
  await again();
  await cloud.hostsInSync();
  await is('ERROR'); // applied, with refused parts
  refused = [];
  await again();
  await is('ACTIVE');
});
