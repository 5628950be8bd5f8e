import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { projectId, startCloud, until } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

test('a server is BUILD until its guest runs, then ACTIVE with its address', async (t) => {
  const cloud = await startCloud(t);
  const { status, body, headers } = await cloud.launch();
  assert.equal(status, 202, JSON.stringify(body));
  const { id, adminPass } = body.server;
  assert.equal(headers.get('location'), `${cloud.url}/v2.1/servers/${id}`);
  assert.ok(adminPass.length >= 12);
  assert.equal((await cloud.show(id)).status, 'BUILD');
  await until(async () => (await cloud.show(id)).status === 'ERROR');
  assert.match((await cloud.show(id)).fault.message, /^No valid host was found\. There is no compute host\.$/);
});

test('a host makes it ACTIVE; ports, claims and the row agree', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const { body } = await cloud.launch();
  const server = await cloud.settled(body.server.id);
  assert.equal(server.status, 'ACTIVE', JSON.stringify(server.fault));
  const [port] = [...cloud.network.ports.values()];
  assert.equal(port?.device_id, server.id);
  assert.equal(port?.['binding:host_id'], 'kvm1');
  assert.deepEqual(server.addresses.blue[0].addr, port?.fixed_ips[0]?.ip_address);
  assert.deepEqual(server.security_groups, [{ name: 'default' }]);
  assert.deepEqual(cloud.placement.claims.get(server.id)?.resources, { VCPU: 1, MEMORY_MB: 128, DISK_GB: 1 });
  const guest = host.guests.get(server.id);
  assert.equal(guest?.power, 'on');
  assert.equal(guest?.disks[0]?.id, 'root');
  assert.equal(guest?.nics[0]?.portId, port?.id);

  assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${server.id}`)).status, 204);
  await cloud.isGone(server.id);
  assert.equal(host.guests.size, 0);
  assert.equal(cloud.network.ports.size, 0);
  assert.equal(cloud.placement.claims.size, 0);
  assert.equal(await cloud.openTasks(), 0);
});
void Fault;
void projectId;
