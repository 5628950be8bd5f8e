import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addressOwner } from '#shared/contracts/network-agent.ts';
import { admin, blueNetwork, bootPort, nova, serverId, startCloud, until } from './cloud.test.ts';

async function cloudWithPort(t: TestContext) {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  await cloud.hostsInSync();
  return { cloud, host, port };
}

test('the external network is created once, at the first start', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await until(async () => (await cloud.list('networks?router:external=True')).length === 1);
  const [outside] = await cloud.list('networks?name=public', admin);
  assert.equal(outside?.project_id, 'admin');
  assert.equal(outside?.mtu, 1500);
  assert.equal(outside?.['provider:network_type'], 'flat');
  assert.equal(outside?.['provider:segmentation_id'], null);
  const [subnet] = await cloud.list(`subnets?network_id=${outside?.id}`);
  assert.deepEqual([subnet?.cidr, subnet?.gateway_ip, subnet?.enable_dhcp], ['172.24.4.0/24', '172.24.4.1', false]);
  await until(() => host.external.size === 1);
  const [wire] = host.external.values();
  assert.equal(wire?.hostAddress, '172.24.4.1/24');
  assert.equal(wire?.segment.physical, 'public');
});

test('a bound port becomes ACTIVE when its host has applied it, and compute gets an event', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network, subnet } = await blueNetwork(cloud);
  const bound = await bootPort(cloud, network.id, 'kvm-1');
  assert.equal(bound.status, 'DOWN');
  assert.equal(bound['binding:vif_type'], 'bridge');
  assert.deepEqual(bound['binding:vif_details'], {
    port_filter: true,
    connectivity: 'l2',
    bridge_name: `btest${network.id.replaceAll('-', '').slice(0, 10)}`,
    wattle_tap: `ttest${bound.id.replaceAll('-', '').slice(0, 10)}`,
    wattle_driver: 'fake',
  });
  await until(async () => (await cloud.show(`ports/${bound.id}`)).status === 'ACTIVE');
  await cloud.hostsInSync();
  const input = host.ports.get(bound.id);
  assert.equal(input?.mac, bound.mac_address);
  assert.equal(input?.segment.mtu, 1450);
  assert.deepEqual(input?.segment.peers, []);
  const [fixed] = bound.fixed_ips as { subnet_id: string; ip_address: string }[];
  assert.deepEqual(input?.fixedIps, [{ subnetId: subnet.id, address: fixed?.ip_address }]);
  assert.deepEqual(cloud.events, [
    { name: 'network-vif-plugged', server_uuid: serverId, tag: bound.id, status: 'completed' },
  ]);
  const leases = host.dhcp.get(`${network.id}/dhcp`)?.leases;
  assert.deepEqual(
    leases?.map(({ portId, address }) => [portId, address]),
    [[bound.id, fixed?.ip_address]],
  );
});

test('the host gets the group of a port, with its members, before the port', async (t) => {
  const { cloud, host, port } = await cloudWithPort(t);
  const [group] = port.security_groups as string[];
  const order = [host.calls.indexOf(`ensureGroup ${group}`), host.calls.indexOf(`ensurePort ${port.id}`)];
  assert.ok((order[0] as number) >= 0 && (order[0] as number) < (order[1] as number), host.calls.join());
  const [fixed] = port.fixed_ips as { ip_address: string }[];
  assert.deepEqual(host.groups.get(group ?? '')?.members, [fixed?.ip_address]);
  await cloud.make('security-group-rules', {
    security_group_rule: {
      security_group_id: group,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
    },
  });
  await cloud.hostsInSync();
  assert.ok(host.groups.get(group ?? '')?.rules.some(({ portMin, protocol }) => portMin === 22 && protocol === 'tcp'));
});

test('a network, a router and a floating IP are created and deleted', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public');
  const { network, subnet } = await blueNetwork(cloud);
  const router = await cloud.make('routers', { router: { name: 'r', admin_state_up: true } });
  const gateway = { router: { external_gateway_info: { network_id: outside?.id } } };
  const set = await cloud.ask('PUT', `/v2.0/routers/${router.id}`, gateway);
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const routerInterface = await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, {
    subnet_id: subnet.id,
  });
  assert.deepEqual(routerInterface.body.subnet_ids, [subnet.id]);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  const fip = await cloud.make('floatingips', { floatingip: { floating_network_id: outside?.id } });
  assert.equal(fip.status, 'DOWN');
  const { body } = await cloud.ask('PUT', `/v2.0/floatingips/${fip.id}`, { floatingip: { port_id: port.id } });
  assert.equal((body.floatingip as { router_id: string }).router_id, router.id);
  await until(async () => (await cloud.show(`floatingips/${fip.id}`)).status === 'ACTIVE');
  await cloud.hostsInSync();
  const input = host.routers.get(router.id);
  const [fixed] = port.fixed_ips as { ip_address: string }[];
  assert.deepEqual(
    input?.interfaces.map(({ addresses }) => addresses),
    [['10.7.0.1/24']],
  );
  assert.equal(input?.gateway?.via, '172.24.4.1');
  assert.equal(input?.gateway?.snat, true);
  assert.deepEqual(input?.floatingIps, [{ id: fip.id, floating: fip.floating_ip_address, fixed: fixed?.ip_address }]);
  assert.ok(cloud.events.some(({ name }) => name === 'network-changed'));

  const refused = await cloud.ask('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, {
    subnet_id: subnet.id,
  });
  assert.equal((refused.body.NeutronError as { type: string }).type, 'RouterInterfaceInUseByFloatingIP');
  await cloud.ask('DELETE', `/v2.0/floatingips/${fip.id}`);
  await cloud.ask('DELETE', `/v2.0/ports/${port.id}`, undefined, nova);
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id });
  assert.equal((await cloud.ask('DELETE', `/v2.0/routers/${router.id}`)).status, 204);
  assert.equal((await cloud.ask('DELETE', `/v2.0/networks/${network.id}`)).status, 204);
  await cloud.hostsInSync();
  assert.deepEqual(host.standing(), [`${outside?.id}/external`]);
  assert.deepEqual(await cloud.list('ports', admin), []);
  assert.deepEqual(await cloud.db('addresses'), []);
});

test('two hosts of a network get each other’s tunnel address', async (t) => {
  const cloud = await startCloud(t);
  const one = cloud.startHost('kvm-1'); // the gateway host, since it reported first
  await cloud.hostIsKnown('kvm-1');
  const two = cloud.startHost('kvm-2');
  await cloud.hostIsKnown('kvm-2');
  const { network } = await blueNetwork(cloud);
  const first = await bootPort(cloud, network.id, 'kvm-1');
  await cloud.hostsInSync();
  assert.deepEqual(one.ports.get(first.id)?.segment.peers, []);
  const second = await bootPort(cloud, network.id, 'kvm-2', '11111111-72a7-42c7-94a8-35681239e8eb');
  await cloud.hostsInSync();
  const addressOf = async (name: string) => {
    const agents = await cloud.list(`agents?host=${name}`, admin);
    const { tunnel_address } = (agents[0]?.configurations ?? {}) as { tunnel_address?: string };
    return tunnel_address;
  };
  assert.deepEqual(two.ports.get(second.id)?.segment.peers, [await addressOf('kvm-1')]);
  assert.deepEqual(one.ports.get(first.id)?.segment.peers, [await addressOf('kvm-2')]);
  await cloud.ask('DELETE', `/v2.0/ports/${second.id}`, undefined, nova);
  await cloud.hostsInSync();
  assert.deepEqual(one.ports.get(first.id)?.segment.peers, []);
  assert.deepEqual(two.standing(), []);
});

test('N01: a host that is away does not delay a delete, and removes the port when it returns', async (t) => {
  const cloud = await startCloud(t, { settings: { answerMs: 50 } });
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  await cloud.hostsInSync();
  await host.stop();
  assert.equal((await cloud.ask('DELETE', `/v2.0/ports/${port.id}`, undefined, nova)).status, 204);
  assert.equal((await cloud.ask('DELETE', `/v2.0/networks/${network.id}`)).status, 204);
  assert.ok(host.ports.has(port.id));
  cloud.startHost('kvm-1', {}, host);
  await cloud.hostsInSync();
  assert.equal(host.ports.size + host.dhcp.size + host.groups.size, 0);
});

test('unknown specs are removed from a host, and missing ones are applied again', async (t) => {
  const { cloud, host, port } = await cloudWithPort(t);
  await host.stop();
  const anonymous = '22222222-72a7-42c7-94a8-35681239e8eb';
  host.routers.set(anonymous, { id: anonymous } as never);
  host.dhcp.set(`${anonymous}/dhcp`, { id: `${anonymous}/dhcp` } as never);
  host.ports.delete(port.id);
  // another process of the service takes over: it compares at the first report
  const { openMessages } = await import('./messages.ts');
  const offs = openMessages(cloud.network);
  cloud.startHost('kvm-1', {}, host);
  await until(() => host.ports.has(port.id) && host.routers.size === 0 && host.dhcp.size === 1);
  for (const off of offs) off();
});

test('a port that its host refuses is DOWN with binding_failed, and compute gets an event', async (t) => {
  const { Fault } = await import('#shared/errors/fault.ts');
  const cloud = await startCloud(t);
  cloud.startHost('kvm-1', {
    ensurePort: async () => {
      throw new Fault(501, 'notImplemented', 'there is no bridge here.');
    },
  });
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  await until(() => cloud.events.length > 0);
  assert.equal(cloud.events[0]?.status, 'failed');
  const now = await cloud.show(`ports/${port.id}`, nova);
  assert.deepEqual([now.status, now['binding:vif_type']], ['DOWN', 'binding_failed']);
});

test('binding to a host that has never reported fails', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await blueNetwork(cloud);
  const port = await bootPort(cloud, network.id, 'kvm-9');
  assert.equal(port['binding:vif_type'], 'binding_failed');
});

test('the metadata listener gets the server of an address', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  const [fixed] = port.fixed_ips as { ip_address: string }[];
  const request = { networkId: network.id, address: fixed?.ip_address };
  const answer = await cloud.network.bus.call(addressOwner, request);
  assert.deepEqual(answer, { serverId, projectId: 'blue', portId: port.id });
  assert.equal(await cloud.network.bus.call(addressOwner, { ...request, address: '10.7.0.250' }), null);
});

test('DHCP moves away from a host that is down', async (t) => {
  const cloud = await startCloud(t, { settings: { hostDownMs: 1_000, answerMs: 50 } });
  const [one, two] = [cloud.startHost('kvm-1'), cloud.startHost('kvm-2')];
  await cloud.hostIsKnown('kvm-1');
  await cloud.hostIsKnown('kvm-2');
  const { network } = await blueNetwork(cloud);
  await bootPort(cloud, network.id, 'kvm-1');
  await until(() => one.dhcp.size === 1);
  await bootPort(cloud, network.id, 'kvm-2', '11111111-72a7-42c7-94a8-35681239e8eb');
  await one.stop();
  await until(() => two.dhcp.size === 1);
  assert.equal(two.dhcp.get(`${network.id}/dhcp`)?.leases.length, 2);
});

test('of hosts that report at the same time one becomes the gateway host', async (t) => {
  const cloud = await startCloud(t);
  const hosts = ['kvm-1', 'kvm-2', 'kvm-3'].map((name) => cloud.startHost(name));
  for (const name of ['kvm-1', 'kvm-2', 'kvm-3']) await cloud.hostIsKnown(name);
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  await until(() => hosts.some(({ external }) => external.size === 1));
  await cloud.hostsInSync();
  assert.equal(
    hosts.reduce((sum, { external }) => sum + external.size, 0),
    1,
  );
});
