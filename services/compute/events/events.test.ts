import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addVolume, cloudWithHost, launched, startCloud, until, volumeId } from '../../../test/fakes/compute-cloud.ts';

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

test('an event about a volume gives its new size to the guest; the server must have the volume', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  addVolume(cloud);
  const attached = { volumeAttachment: { volumeId } };
  assert.equal((await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body: attached })).status, 200);
  const sizeThere = () => agent.guests.get(id)?.disks.find((disk) => disk.id === volumeId)?.sizeGb;
  await until(() => sizeThere() === 1);
  await until(async () => (await cloud.openTasks()) === 0);
  const volume = cloud.volumes.volumes.get(volumeId);
  if (volume) cloud.volumes.volumes.set(volumeId, { ...volume, size: 3 });
  const event = { name: 'volume-extended', server_uuid: id, tag: volumeId };
  const path = '/v2.1/os-server-external-events';
  const events = [event, { ...event, tag: id }];
  const { status, body: told } = await cloud.ask('POST', path, { body: { events } });
  assert.deepEqual([status, told.events.map(({ code }: { code: number }) => code)], [207, [200, 404]]);
  await until(() => sizeThere() === 3);
});
