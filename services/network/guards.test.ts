import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, anonymous, blueNetwork, bootPort, nova, nowhere, refusal, startCloud } from './cloud.test.ts';

test('a member cannot turn a port into a router interface, nor move a bound port to another server', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const { id: router } = await cloud.make('routers', { router: {} }, admin);
  const device = { device_id: router, device_owner: 'network:router_interface' };
  const made = await refusal(cloud, 'POST', 'ports', { port: { network_id: network.id, ...device } });
  assert.deepEqual([made.status, made.type], [409, 'DeviceIDNotOwnedByTenant']);
  const plain = await cloud.make('ports', { port: { network_id: network.id } });
  assert.equal((await refusal(cloud, 'PUT', `ports/${plain.id}`, { port: device })).status, 409);
  const bound = await bootPort(cloud, network.id, 'kvm-1');
  const other = { port: { device_id: nowhere } };
  assert.equal((await refusal(cloud, 'PUT', `ports/${bound.id}`, other)).type, 'PortInUse');
  assert.equal((await refusal(cloud, 'PUT', `ports/${plain.id}`, other)).status, 200);
});

test('malformed addresses and names, which would end up in files of a host, are refused', async (t) => {
  const cloud = await startCloud(t);
  const { network, subnet } = await blueNetwork(cloud);
  const port = (more: object) => refusal(cloud, 'POST', 'ports', { port: { network_id: network.id, ...more } });
  const change = (more: object) => refusal(cloud, 'PUT', `subnets/${subnet.id}`, { subnet: more });
  const answers = [
    port({ dns_name: 'web\ndhcp-script=/bin/sh' }),
    port({ allowed_address_pairs: [{ ip_address: '10.7.0.9 }' }] }),
    port({ allowed_address_pairs: [{ ip_address: '10.7.0.9', mac_address: 'fa:16\n' }] }),
    port({ allowed_address_pairs: Array.from({ length: 11 }, (_, n) => ({ ip_address: `10.7.1.${n}` })) }),
    port({ mac_address: 'fa:16:3e:00:00:0g' }),
    change({ dns_nameservers: ['9.9.9.9\n'] }),
    change({ host_routes: [{ destination: '10.0.0.0/8\n', nexthop: '10.7.0.9' }] }),
    change({ gateway_ip: '10.7.0.1#' }),
  ];
  assert.deepEqual(new Set((await Promise.all(answers)).map(({ status }) => status)), new Set([400]));
});

test('a subnet is allocated from a pool, and a pool in use cannot be deleted', async (t) => {
  const cloud = await startCloud(t);
  const network = await cloud.make('networks', { network: { name: 'n' } });
  const input = { name: 'p', prefixes: ['10.20.0.0/22'], default_prefixlen: 24, min_prefixlen: 24 };
  const pool = await cloud.make('subnetpools', { subnetpool: input });
  const from = (more: object) => ({
    subnet: { network_id: network.id, ip_version: 4, subnetpool_id: pool.id, ...more },
  });
  const first = await cloud.make('subnets', from({}));
  assert.deepEqual([first.cidr, first.subnetpool_id, first.gateway_ip], ['10.20.0.0/24', pool.id, '10.20.0.1']);
  assert.equal((await cloud.make('subnets', from({ prefixlen: 25 }))).cidr, '10.20.1.0/25');
  assert.equal((await cloud.make('subnets', from({ cidr: '10.20.3.0/24' }))).cidr, '10.20.3.0/24');
  const type = async (more: object) => (await refusal(cloud, 'POST', 'subnets', from(more))).type;
  assert.equal(await type({ prefixlen: 23 }), 'MinPrefixSubnetAllocationError');
  assert.equal(await type({ cidr: '10.30.0.0/24' }), 'SubnetAllocationError');
  assert.equal((await refusal(cloud, 'DELETE', `subnetpools/${pool.id}`)).type, 'SubnetPoolDeleteError');
  assert.equal((await refusal(cloud, 'GET', `subnetpools/${pool.id}`, undefined, anonymous)).status, 404);
  const shrunk = { subnetpool: { prefixes: ['10.20.0.0/24'] } };
  assert.equal((await refusal(cloud, 'PUT', `subnetpools/${pool.id}`, shrunk)).type, 'IllegalSubnetPoolPrefixUpdate');
});

test('the next hop of a route must be reachable, and its interface cannot be removed', async (t) => {
  const cloud = await startCloud(t);
  const { subnet } = await blueNetwork(cloud);
  const { id } = await cloud.make('routers', { router: {} });
  await cloud.ask('PUT', `/v2.0/routers/${id}/add_router_interface`, { subnet_id: subnet.id });
  const to = (nexthop: string) => ({ router: { routes: [{ destination: '10.99.0.0/16', nexthop }] } });
  assert.equal((await refusal(cloud, 'PUT', `routers/${id}`, to('10.8.0.9'))).type, 'InvalidRoutes');
  assert.equal((await refusal(cloud, 'PUT', `routers/${id}`, to('10.7.0.1'))).type, 'InvalidRoutes');
  assert.equal((await refusal(cloud, 'PUT', `routers/${id}`, to('10.7.0.9'))).status, 200);
  const leave = await refusal(cloud, 'PUT', `routers/${id}/remove_router_interface`, { subnet_id: subnet.id });
  assert.equal(leave.type, 'RouterInterfaceInUseByRoute');
});

test('a network cannot be unshared while other projects have ports on it', async (t) => {
  const cloud = await startCloud(t);
  const shared = await cloud.make('networks', { network: { shared: true } }, admin);
  const { id } = await cloud.make('ports', { port: { network_id: shared.id } });
  const alone = { network: { shared: false } };
  assert.equal((await refusal(cloud, 'PUT', `networks/${shared.id}`, alone, admin)).type, 'InvalidSharedSetting');
  await cloud.ask('DELETE', `/v2.0/ports/${id}`);
  assert.equal((await refusal(cloud, 'PUT', `networks/${shared.id}`, alone, admin)).status, 200);
});

test('ten concurrent requests get one DHCP port, ten addresses, and no more than the quota', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const network = await cloud.make('networks', { network: {} });
  const subnets = ['10.1.0.0/24', '10.2.0.0/24', '10.1.0.0/25'].map((cidr) =>
    cloud.ask('POST', '/v2.0/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr } }),
  );
  assert.equal((await Promise.all(subnets)).filter(({ status }) => status === 201).length, 2);
  await cloud.ask('PUT', '/v2.0/quotas/blue', { quota: { port: 11 } }, admin); // ten and the DHCP port
  const input = { network_id: network.id, project_id: 'blue', 'binding:host_id': 'kvm-1' };
  const made = await Promise.all(
    Array.from({ length: 12 }, () => cloud.ask('POST', '/v2.0/ports', { port: input }, nova)),
  );
  assert.equal(made.filter(({ status }) => status === 201).length, 10, JSON.stringify(made));
  const ports = await cloud.list(`ports?network_id=${network.id}`);
  assert.equal(ports.filter(({ device_owner }) => device_owner === 'network:dhcp').length, 1);
  assert.equal(new Set(ports.map(({ mac_address }) => mac_address)).size, 11);
});
