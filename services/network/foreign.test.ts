/** A visible resource of another project is not necessarily usable: interfaces, gateways, addresses, ports and devices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  admin,
  anonymous,
  blueNetwork,
  bootPort,
  type Cloud,
  nova,
  refusal,
  serverId,
  startCloud,
  until,
} from './cloud.test.ts';

const red = anonymous;
const redManager = 'red/manager,member,reader';

async function externalNetwork(cloud: Cloud): Promise<{ networkId: string; subnetId: string }> {
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public');
  const [subnet] = await cloud.list(`subnets?network_id=${outside?.id}`);
  return { networkId: outside?.id ?? '', subnetId: subnet?.id ?? '' };
}

async function sharedNetwork(cloud: Cloud, cidr = '10.77.0.0/24') {
  const network = await cloud.make('networks', { network: { name: 's', shared: true } }, admin);
  const subnet = await cloud.make('subnets', { subnet: { network_id: network.id, cidr, ip_version: 4 } }, admin);
  return { network, subnet };
}

const addInterface = (cloud: Cloud, router: string, routerInterface: object, as: string) =>
  refusal(cloud, 'PUT', `routers/${router}/add_router_interface`, routerInterface, as);

test('a router has no internal interface on an external network, nor with the gateway address of a network of another project', async (t) => {
  const cloud = await startCloud(t);
  const outside = await externalNetwork(cloud);
  const { network, subnet } = await sharedNetwork(cloud);
  const router = await cloud.make('routers', { router: {} }, red);
  for (const subnet_id of [outside.subnetId, subnet.id]) {
    const refused = await addInterface(cloud, router.id, { subnet_id }, red);
    assert.deepEqual([refused.status, refused.type], [400, 'BadRequest'], subnet_id);
    assert.match(refused.message ?? '', /not owned by project making the request/);
  }
  const port = await cloud.make('ports', { port: { network_id: network.id } }, red);
  assert.equal((await addInterface(cloud, router.id, { port_id: port.id }, red)).status, 200);
});

test('the gateway address of the external network is not allocated', async (t) => {
  const cloud = await startCloud(t);
  const { networkId, subnetId } = await externalNetwork(cloud);
  const gateway = '172.24.4.1';
  const floating = { floatingip: { floating_network_id: networkId, floating_ip_address: gateway } };
  const port = { port: { network_id: networkId, fixed_ips: [{ ip_address: gateway }] } };
  const external_fixed_ips = [{ ip_address: gateway }];
  const router = { router: { external_gateway_info: { network_id: networkId, external_fixed_ips } } };
  assert.equal((await refusal(cloud, 'POST', 'floatingips', floating, redManager)).type, 'IpAddressAlreadyAllocated');
  assert.equal((await refusal(cloud, 'POST', 'ports', port, admin)).type, 'IpAddressAlreadyAllocated');
  assert.match((await refusal(cloud, 'POST', 'routers', router, admin)).message ?? '', /same as the gateway IP/);
  const { id } = await cloud.make('routers', { router: {} }, admin);
  assert.equal((await addInterface(cloud, id, { subnet_id: subnetId }, admin)).status, 409);
});

test('a router interface needs an unused port of the caller’s project', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await sharedNetwork(cloud);
  const theirs = await cloud.make('ports', { port: { network_id: network.id } }, red);
  const mine = await cloud.make('networks', { network: {} });
  await cloud.make('subnets', { subnet: { network_id: mine.id, cidr: '10.5.0.0/24', ip_version: 4 } });
  const placed = await cloud.make('ports', { port: { network_id: mine.id, project_id: 'red' } }, nova);
  const router = await cloud.make('routers', { router: {} });
  assert.equal((await addInterface(cloud, router.id, { port_id: theirs.id }, 'blue/member,reader')).status, 404);
  const other = await addInterface(cloud, router.id, { port_id: placed.id }, 'blue/member,reader');
  assert.match(other.message ?? '', /owned by a different project/);
  const own = await cloud.make('ports', { port: { network_id: mine.id } });
  assert.equal((await addInterface(cloud, router.id, { port_id: own.id }, 'blue/member,reader')).status, 200);
  const again = await addInterface(cloud, router.id, { port_id: own.id }, 'blue/member,reader');
  assert.deepEqual([again.status, again.type], [409, 'PortInUse']);
});

test('networks of a router, internal or external, must not overlap', async (t) => {
  const cloud = await startCloud(t);
  const { networkId } = await externalNetwork(cloud);
  const { subnet } = await blueNetwork(cloud, '172.24.4.128/25');
  const gateway = { external_gateway_info: { network_id: networkId } };
  const { id: first } = await cloud.make('routers', { router: gateway });
  const inside = await addInterface(cloud, first, { subnet_id: subnet.id }, 'blue/member,reader');
  assert.match(inside.message ?? '', /Cidr .* overlaps with cidr/);
  const { id: second } = await cloud.make('routers', { router: {} });
  assert.equal((await addInterface(cloud, second, { subnet_id: subnet.id }, 'blue/member,reader')).status, 200);
  const outside = await refusal(cloud, 'PUT', `routers/${second}`, { router: gateway });
  assert.match(outside.message ?? '', /Cidr .* overlaps with cidr/);
});

test('a floating IP cannot be associated with a port of another project', async (t) => {
  const cloud = await startCloud(t);
  const { networkId } = await externalNetwork(cloud);
  const { network, subnet } = await blueNetwork(cloud);
  const { id } = await cloud.make('routers', { router: { external_gateway_info: { network_id: networkId } } });
  await cloud.ask('PUT', `/v2.0/routers/${id}/add_router_interface`, { subnet_id: subnet.id });
  const theirs = await cloud.make('ports', { port: { network_id: network.id, project_id: 'red' } }, nova);
  const fip = await cloud.make('floatingips', { floatingip: { floating_network_id: networkId } });
  const refused = await refusal(cloud, 'PUT', `floatingips/${fip.id}`, { floatingip: { port_id: theirs.id } });
  assert.deepEqual([refused.status, refused.type], [400, 'BadRequest']);
  assert.match(refused.message ?? '', /owned by a different project/);
  const [lease] = await cloud.list(`ports?network_id=${network.id}&device_owner=network:dhcp`);
  const internal = await refusal(cloud, 'PUT', `floatingips/${fip.id}`, { floatingip: { port_id: lease?.id } });
  assert.match(internal.message ?? '', /unable to be assigned a floating IP/);
});

test('another project’s router on a shared network is not used for a floating IP', async (t) => {
  const cloud = await startCloud(t);
  const outside = await externalNetwork(cloud);
  const { network } = await sharedNetwork(cloud);
  const gateway = { external_gateway_info: { network_id: outside.networkId } };
  const { id } = await cloud.make('routers', { router: gateway }, red);
  const routerInterface = await cloud.make('ports', { port: { network_id: network.id } }, red);
  assert.equal((await addInterface(cloud, id, { port_id: routerInterface.id }, red)).status, 200);
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  const floatingip = { floating_network_id: outside.networkId, port_id: port.id };
  const refused = await refusal(cloud, 'POST', 'floatingips', { floatingip });
  assert.equal(refused.type, 'ExternalGatewayForFloatingIPNotFound');
  const own = await cloud.make('routers', { router: gateway });
  const ownLeg = await cloud.make('ports', { port: { network_id: network.id } });
  await addInterface(cloud, own.id, { port_id: ownLeg.id }, 'blue/member,reader');
  assert.equal((await cloud.make('floatingips', { floatingip })).router_id, own.id);
});

test('OSSA-2013-033: a route must not cover addresses of a network of another project', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await sharedNetwork(cloud);
  const { network: own, subnet } = await blueNetwork(cloud);
  const { id } = await cloud.make('routers', { router: {} });
  await cloud.ask('PUT', `/v2.0/routers/${id}/add_router_interface`, { subnet_id: subnet.id });
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  assert.equal((await addInterface(cloud, id, { port_id: port.id }, 'blue/member,reader')).status, 200);
  const to = (destination: string) =>
    refusal(cloud, 'PUT', `routers/${id}`, { router: { routes: [{ destination, nexthop: '10.7.0.9' }] } });
  for (const destination of ['10.77.0.9/32', '10.77.0.0/24', '10.77.0.128/25'])
    assert.equal((await to(destination)).type, 'InvalidRoutes', destination);
  for (const destination of ['10.77.0.0/16', '0.0.0.0/0', '10.7.0.0/24', '192.168.0.0/24'])
    assert.equal((await to(destination)).status, 200, destination);
  assert.ok(own.id);
});

test('OSSA-2014-008: a port must not name a router, server or internal device of another project', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await sharedNetwork(cloud);
  const { network: blue } = await blueNetwork(cloud);
  await bootPort(cloud, blue.id, 'kvm-1');
  const { id: router } = await cloud.make('routers', { router: {} });
  for (const device of [
    { device_id: router },
    { device_id: serverId },
    { device_id: serverId, device_owner: 'compute:nova' },
    { device_id: router, device_owner: 'network:router_interface' },
  ]) {
    const status = async (method: string, path: string, port: object) =>
      (await refusal(cloud, method, path, { port }, red)).status;
    assert.ok([403, 409].includes(await status('POST', 'ports', { network_id: network.id, ...device })));
    const plain = await cloud.make('ports', { port: { network_id: network.id } }, red);
    assert.ok([403, 409].includes(await status('PUT', `ports/${plain.id}`, device)), JSON.stringify(device));
  }
  const own = await cloud.make('ports', { port: { network_id: blue.id, device_id: serverId } });
  assert.equal(own.device_id, serverId);
});

test('OSSA-2015-018: the rule for device_owner is checked with the new value', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await sharedNetwork(cloud);
  const plain = await cloud.make('ports', { port: { network_id: network.id } }, red);
  const change = { port: { device_owner: 'network:evil' } };
  assert.equal((await refusal(cloud, 'PUT', `ports/${plain.id}`, change, red)).status, 403);
  const both = await Promise.all(
    Array.from({ length: 10 }, () =>
      refusal(cloud, 'POST', 'ports', { port: { network_id: network.id, device_owner: 'network:evil' } }, red),
    ),
  );
  assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([403]));
});

test('a default subnet pool that is not shared is for its own project only', async (t) => {
  const cloud = await startCloud(t);
  const pool = { name: 'p', prefixes: ['10.20.0.0/16'], is_default: true };
  const { id } = await cloud.make('subnetpools', { subnetpool: pool }, admin);
  const { id: network_id } = await cloud.make('networks', { network: {} }, red);
  const subnet = { network_id, ip_version: 4, prefixlen: 24, use_default_subnetpool: true };
  assert.equal((await refusal(cloud, 'POST', 'subnets', { subnet }, red)).status, 400);
  const named = { network_id, ip_version: 4, subnetpool_id: id };
  assert.equal((await refusal(cloud, 'POST', 'subnets', { subnet: named }, red)).type, 'SubnetPoolNotFound');
});

test('groups, pools and networks that the caller may not see are a 404', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await sharedNetwork(cloud);
  const group = await cloud.make('security-groups', { security_group: { name: 'g' } });
  const port = (more: object) => ({ port: { network_id: network.id, ...more } });
  const refused = await refusal(cloud, 'POST', 'ports', port({ security_groups: [group.id] }), red);
  assert.equal(refused.type, 'SecurityGroupNotFound');
  const rule = { security_group_rule: { security_group_id: group.id, direction: 'ingress' } };
  assert.equal((await refusal(cloud, 'POST', 'security-group-rules', rule, red)).status, 404);
  const { network: hidden } = await blueNetwork(cloud);
  const router = { router: { external_gateway_info: { network_id: hidden.id } } };
  assert.equal((await refusal(cloud, 'POST', 'routers', router, red)).type, 'NetworkNotFound');
  const fip = { floatingip: { floating_network_id: hidden.id } };
  assert.equal((await refusal(cloud, 'POST', 'floatingips', fip, red)).type, 'NetworkNotFound');
});

test('a marker must be visible to the caller, and hidden attributes are not filters', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await blueNetwork(cloud);
  for (const query of [`marker=${network.id}`, `marker=${network.id}&sort_key=name&sort_dir=asc&limit=1`]) {
    const refused = await refusal(cloud, 'GET', `networks?${query}`, undefined, red);
    assert.deepEqual([refused.status, refused.type], [404, 'NetworkNotFound'], query);
  }
  for (const query of [
    'ports?binding:host_id=kvm-1',
    'ports?sort_key=binding:host_id&sort_dir=asc',
    'networks?provider:segmentation_id=7',
  ]) {
    assert.equal((await refusal(cloud, 'GET', query, undefined, red)).status, 400, query);
    assert.equal((await refusal(cloud, 'GET', query, undefined, admin)).status, 200, query);
  }
  const router = await cloud.make('routers', { router: {} });
  assert.ok(!('ha' in router) && !('distributed' in router));
  const shown = await cloud.show(`routers/${router.id}`, admin);
  assert.deepEqual([shown.ha, shown.distributed], [false, false]);
});

test('properties of every JavaScript object are not attributes', async (t) => {
  const cloud = await startCloud(t);
  for (const query of ['__proto__=x', 'constructor=x', 'hasOwnProperty=x', 'sort_key=__proto__&sort_dir=asc'])
    assert.equal((await refusal(cloud, 'GET', `networks?${query}`)).status, 400, query);
  assert.deepEqual(await cloud.list('networks?mtu=constructor'), []);
  assert.equal((await refusal(cloud, 'GET', 'constructor/x/tags')).status, 404);
});
