/** Bindings of a port to several hosts, as compute uses them to move a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  blueNetwork,
  bootPort,
  type Cloud,
  type Json,
  member,
  nova,
  refusal,
  startCloud,
  until,
} from './cloud.test.ts';

async function boundCloud(t: Parameters<typeof startCloud>[0]) {
  const cloud = await startCloud(t);
  const hosts = { one: cloud.startHost('kvm-1'), two: cloud.startHost('kvm-2') };
  for (const name of ['kvm-1', 'kvm-2']) await cloud.hostIsKnown(name);
  const { network } = await blueNetwork(cloud);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  await cloud.hostsInSync();
  return { cloud, ...hosts, network, port, path: `ports/${port.id}/bindings` };
}

const summaryOf = (bindings: readonly Json[]) =>
  bindings.map(({ host, status, vif_type }) => `${host} ${status} ${vif_type}`);
const bindingsOf = async (cloud: Cloud, path: string) => summaryOf(await cloud.list(path, nova));

test('the host of an inactive binding gets the port, its groups and its peers, and compute is told', async (t) => {
  const { cloud, one, two, port, path } = await boundCloud(t);
  const before = cloud.events.length;
  const made = await cloud.make(path, { binding: { host: 'kvm-2', profile: { migrating_to: 'kvm-2' } } }, nova);
  assert.deepEqual([made.status, made.vif_type, made.profile], ['INACTIVE', 'bridge', { migrating_to: 'kvm-2' }]);
  await cloud.hostsInSync();
  assert.ok(two.ports.has(port.id));
  assert.ok(two.groups.size > 0, 'its groups are there before the server is');
  assert.equal(one.ports.get(port.id)?.segment.peers.length, 1);
  assert.equal(two.ports.get(port.id)?.segment.peers.length, 1);
  assert.deepEqual(
    cloud.events.slice(before).map(({ name, tag }) => [name, tag]),
    [['network-vif-plugged', port.id]],
  );
  assert.deepEqual(await bindingsOf(cloud, path), ['kvm-1 ACTIVE bridge', 'kvm-2 INACTIVE bridge']);
});

test('activation moves the port, and the binding that was active can be deleted then', async (t) => {
  const { cloud, one, two, port, path } = await boundCloud(t);
  await cloud.make(path, { binding: { host: 'kvm-2' } }, nova);
  const active = await cloud.ask('PUT', `/v2.0/${path}/kvm-2/activate`, undefined, nova);
  assert.equal(active.status, 200, JSON.stringify(active.body));
  assert.deepEqual(await bindingsOf(cloud, path), ['kvm-2 ACTIVE bridge', 'kvm-1 INACTIVE bridge']);
  assert.equal((await cloud.show(`ports/${port.id}`, nova))['binding:host_id'], 'kvm-2');
  await cloud.hostsInSync();
  assert.ok(one.ports.has(port.id), 'until its binding is deleted');
  assert.equal((await cloud.ask('DELETE', `/v2.0/${path}/kvm-1`, undefined, nova)).status, 204);
  await cloud.hostsInSync();
  assert.ok(!one.ports.has(port.id));
  assert.ok(two.ports.has(port.id));
  assert.deepEqual(two.ports.get(port.id)?.segment.peers, []);
  assert.equal((await cloud.show(`ports/${port.id}`, nova)).status, 'ACTIVE');
});

test('the profile of each binding can be changed, its host cannot', async (t) => {
  const { cloud, port, path } = await boundCloud(t);
  await cloud.make(path, { binding: { host: 'kvm-2' } }, nova);
  const put = (host: string, binding: Json) => cloud.ask('PUT', `/v2.0/${path}/${host}`, { binding }, nova);
  for (const host of ['kvm-1', 'kvm-2']) {
    assert.equal((await put(host, { profile: { on: host }, vnic_type: 'normal' })).status, 200);
    assert.equal((await put(host, { host: 'kvm-3' })).status, 400);
  }
  const profiles = (await cloud.list(path, nova)).map(({ profile }) => profile);
  assert.deepEqual(profiles, [{ on: 'kvm-1' }, { on: 'kvm-2' }]);
  assert.deepEqual((await cloud.show(`ports/${port.id}`, nova))['binding:profile'], { on: 'kvm-1' });
});

test('a deleted port leaves no host with it', async (t) => {
  const { cloud, one, two, port, path } = await boundCloud(t);
  await cloud.make(path, { binding: { host: 'kvm-2' } }, nova);
  await cloud.hostsInSync();
  assert.equal((await cloud.ask('DELETE', `/v2.0/ports/${port.id}`, undefined, nova)).status, 204);
  await cloud.hostsInSync();
  assert.deepEqual([...one.ports.keys(), ...two.ports.keys()], []);
});

test('bindings are refused twice, to an unknown host, of a port without a server, and to members', async (t) => {
  const { cloud, network, path } = await boundCloud(t);
  const free = await cloud.make('ports', { port: { network_id: network.id } });
  const cases: readonly [method: string, path: string, host: string | undefined, status: number, type: string][] = [
    ['POST', path, 'kvm-1', 409, 'PortBindingAlreadyExists'],
    ['POST', path, 'nosuch', 409, 'PortBindingError'],
    ['POST', `ports/${free.id}/bindings`, 'kvm-2', 400, 'BadRequest'],
    ['PUT', `${path}/kvm-1/activate`, undefined, 409, 'PortBindingAlreadyActive'],
    ['PUT', `${path}/kvm-2/activate`, undefined, 404, 'PortBindingNotFound'],
    ['DELETE', `${path}/kvm-2`, undefined, 404, 'PortBindingNotFound'],
  ];
  for (const [method, at, host, status, type] of cases) {
    const answer = await refusal(cloud, method, at, host && { binding: { host } }, nova);
    assert.deepEqual([answer.status, answer.type], [status, type], `${method} ${at}`);
  }
  assert.equal((await refusal(cloud, 'GET', path, undefined, member)).status, 403);
  assert.equal((await refusal(cloud, 'POST', path, { binding: { host: 'kvm-2' } }, member)).status, 403);
});

test('a port bound to a host that never reported keeps the name of the host, and no work waits for it', async (t) => {
  const { cloud, network } = await boundCloud(t);
  const { id } = await bootPort(cloud, network.id, 'nosuch');
  const shown = await cloud.show(`ports/${id}`, nova);
  assert.deepEqual([shown['binding:host_id'], shown['binding:vif_type']], ['nosuch', 'binding_failed']);
  await until(async () => (await cloud.db('statements').where({ host: 'nosuch' })).length === 0);
  const { body } = await cloud.ask('PUT', `/v2.0/ports/${id}`, { port: { 'binding:host_id': 'kvm-2' } }, nova);
  assert.equal((body.port as Json)['binding:vif_type'], 'bridge');
});
