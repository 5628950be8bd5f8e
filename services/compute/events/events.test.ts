import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud, until } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

test('an event about a port updates the addresses of the server', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const { body } = await cloud.launch();
  const { id } = await cloud.ended(body.server.id);
  const [port] = [...cloud.network.ports.values()];
  await cloud.network.updatePort(port?.id ?? '', { fixed_ips: [{ ip_address: '10.7.0.99', subnet_id: 's' }] });
  const events = [{ name: 'network-changed', server_uuid: id, tag: port?.id }];
  const response = await cloud.ask('POST', '/v2.1/os-server-external-events', { body: { events } });
  assert.deepEqual([response.status, response.body.events[0].code], [200, 200]);
  await until(async () => (await cloud.show(id)).addresses.blue[0].addr === '10.7.0.99');
});

test('an event for an unknown server is reported as 404', async (t) => {
  const cloud = await startCloud(t);
  const events = [{ name: 'network-changed', server_uuid: 'ffffffff-2f64-446f-be04-3cf1108345c9' }];
  assert.equal((await cloud.ask('POST', '/v2.1/os-server-external-events', { body: { events } })).status, 404);
  const member = await cloud.ask('POST', '/v2.1/os-server-external-events', { role: 'member', body: { events } });
  assert.equal(member.status, 403);
});
