/** Message faults between the network service and its hosts: a scenario still completes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { blueNetwork, bootPort, type Cloud, nova, startCloud, until } from '../../services/network/cloud.test.ts';
import { type BusFaults, faultyBus } from '../fakes/faulty-bus.ts';

async function story(t: TestContext, faults: BusFaults): Promise<void> {
  const bus = faultyBus(faults);
  const cloud = await startCloud(t, { bus, database: 'sqlite::memory:' });
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public');
  const { network, subnet } = await blueNetwork(cloud);
  const ports = await Promise.all(['a', 'b', 'c'].map((server) => bootPort(cloud, network.id, 'kvm-1', server)));
  const gateway = { external_gateway_info: { network_id: outside?.id } };
  const router = await cloud.make('routers', { router: gateway });
  const routerInterface = { subnet_id: subnet.id };
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, routerInterface);
  const spec = { floating_network_id: outside?.id, port_id: ports[0]?.id };
  const fip = await cloud.make('floatingips', { floatingip: spec });
  await cloud.hostsInSync();
  await isActive(cloud, [...ports.map(({ id }) => `ports/${id}`), `floatingips/${fip.id}`]);
  assert.equal(host.ports.size, 3);
  assert.equal(host.routers.get(router.id)?.floatingIps.length, 1);
  assert.equal((await cloud.list(`ports?network_id=${network.id}&device_owner=network:dhcp`)).length, 1);

  await cloud.ask('DELETE', `/v2.0/floatingips/${fip.id}`);
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, routerInterface);
  await cloud.ask('DELETE', `/v2.0/routers/${router.id}`);
  for (const { id } of ports) await cloud.ask('DELETE', `/v2.0/ports/${id}`, undefined, nova);
  assert.equal((await cloud.ask('DELETE', `/v2.0/networks/${network.id}`)).status, 204);
  await cloud.hostsInSync();
  assert.deepEqual([host.ports.size, host.routers.size, host.dhcp.size], [0, 0, 0]);
  assert.ok(bus.faults.count > 5, `${bus.faults.count} faults`);
}

const isActive = async (cloud: Cloud, paths: readonly string[]) => {
  for (const path of paths) assert.equal((await cloud.show(path)).status, 'ACTIVE', path);
};

test('M01: every message is delivered twice', (t) => story(t, { twice: true }));
test('M02: messages are delayed and reordered', (t) => story(t, { lateMs: 300 }));
test('M04: every second notification is lost', (t) => story(t, { lostOf: 2 }));
test('M05: every fifth reply is lost', (t) => story(t, { repliesLostOf: 5 }));
test('M06: messages of another release have other fields', (t) =>
  story(t, { before: (request) => [{ ...(request as object), newer: { field: 1 } }, {}] }));
test('M09: messages are malformed', (t) =>
  story(t, { before: () => [null, 'x', [[[]]], 7, { host: 7 }, { id: 'no/such/work', outcome: null }] }));
