/** Attaching and detaching disks and NICs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import {
  addVolume,
  cloudWithHost,
  launched,
  networkId,
  projectId,
  until,
  volumeId,
} from '../../../test/fakes/compute-cloud.ts';
import { refreshAddresses } from '../interfaces/operations.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

const unsecured = 'dddddddd-2f64-446f-be04-3cf1108345c9';

test('a volume is attached, shown, and detached again', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  addVolume(cloud);
  const path = `/v2.1/servers/${id}/os-volume_attachments`;
  const body = { volumeAttachment: { volumeId, device: null } };
  const answer = await cloud.ask('POST', path, { version: '2.89', body });
  assert.equal(answer.body.volumeAttachment.device, '/dev/vdb');
  await until(() => cloud.volumes.volumes.get(volumeId)?.status === 'in-use');
  await until(async () => (await cloud.openTasks()) === 0);
  assert.deepEqual((await cloud.show(id))['os-extended-volumes:volumes_attached'], [
    { id: volumeId, delete_on_termination: false },
  ]);
  const disk = agent.guests.get(id)?.disks[1];
  assert.equal(disk?.serial, volumeId);
  assert.equal(disk?.source.kind, 'iscsi');
  assert.equal((await cloud.ask('POST', path, { version: '2.89', body })).status, 400);

  assert.equal((await cloud.ask('DELETE', `${path}/${volumeId}`)).status, 202);
  await until(() => cloud.volumes.volumes.get(volumeId)?.status === 'available');
  await until(async () => (await cloud.openTasks()) === 0);
  assert.equal(agent.guests.get(id)?.disks.length, 1);
  assert.deepEqual((await cloud.show(id))['os-extended-volumes:volumes_attached'], []);
});

test('volumes attached in parallel during a reboot are all attached', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  const ids = ['1', '2', '3'].map((digit) => `${digit}09b62a7-7a6e-40b1-ac43-8c00a3bf314a`);
  for (const each of ids) addVolume(cloud, each);
  const path = `/v2.1/servers/${id}/os-volume_attachments`;
  const answers = await Promise.all(
    ids.map((each) => cloud.ask('POST', path, { body: { volumeAttachment: { volumeId: each } } })),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(new Set(answers.map(({ body }) => body.volumeAttachment.device)).size, 3);
  assert.equal((await cloud.act(id, { reboot: { type: 'HARD' } })).status, 202);
  await until(async () => (await cloud.openTasks()) === 0);
  assert.equal((await cloud.show(id)).status, 'ACTIVE');
  assert.deepEqual(
    agent.guests
      .get(id)
      ?.disks.map((disk) => disk.id)
      .sort(),
    [...ids, 'root'],
  );
});

test('a volume that the host refuses is available again, and the action has the reason', async (t) => {
  let refuses = false;
  const { cloud } = await cloudWithHost(t, {
    ensureGuest: async (input) => {
      if (refuses && input.disks.length > 1) throw new Fault(500, 'unexpected', 'no slot is left');
      const machine = { type: 'q35', cpu: 'max', accelerator: 'tcg' } as const;
      return { id: input.id, power: input.power, machine, devices: {} };
    },
  });
  const { id } = await launched(cloud);
  addVolume(cloud);
  refuses = true;
  await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body: { volumeAttachment: { volumeId } } });
  await until(async () => (await cloud.openTasks()) === 0);
  assert.equal(cloud.volumes.volumes.get(volumeId)?.status, 'available');
  const { body } = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions`);
  assert.equal(body.instanceActions[0].message, 'no slot is left');
  assert.equal((await cloud.show(id)).status, 'ACTIVE');
});

test('a NIC is attached and detached', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const { id } = await launched(cloud, { networks: 'none' });
  const path = `/v2.1/servers/${id}/os-interface`;
  const answer = await cloud.ask('POST', path, { body: { interfaceAttachment: { net_id: networkId } } });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { port_id: portId, fixed_ips: fixedIps } = answer.body.interfaceAttachment;
  assert.equal(agent.guests.get(id)?.nics[0]?.portId, portId);
  assert.equal((await cloud.show(id)).addresses.blue[0].addr, fixedIps[0].ip_address);
  await cloud.ask('DELETE', `${path}/${portId}`);
  await until(async () => (await cloud.openTasks()) === 0);
  assert.equal(cloud.network.ports.size, 0);
  assert.deepEqual((await cloud.show(id)).addresses, {});
});

test('an existing port is unbound, not deleted, with its server', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const port = await cloud.network.createPort({
    network_id: networkId,
    project_id: projectId,
    device_id: '',
    device_owner: '',
  });
  const { id } = await launched(cloud, { networks: [{ port: port.id }] });
  assert.equal(cloud.network.ports.get(port.id)?.device_id, id);
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.isGone(id);
  assert.equal(cloud.network.ports.get(port.id)?.device_id, '');
});

test('of two servers that attach one volume in parallel only one succeeds', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const [a, b] = [await launched(cloud), await launched(cloud)];
  addVolume(cloud);
  const body = { volumeAttachment: { volumeId } };
  const answers = await Promise.all(
    [a, b].map(({ id }) => cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body })),
  );
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400]);
  const refused = answers.find(({ status }) => status === 400);
  assert.match(refused?.body.badRequest.message, /^Invalid volume: .*status must be '?available/);
  assert.equal(cloud.volumes.attachments.size, 1);
});

test('the response of an attach is sent when the volume is reserved', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  addVolume(cloud);
  const body = { volumeAttachment: { volumeId } };
  assert.equal((await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body })).status, 200);
  assert.notEqual(cloud.volumes.volumes.get(volumeId)?.status, 'available');
});

test('multiattach volumes require version 2.60', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  addVolume(cloud, volumeId, { multiattach: true });
  const path = `/v2.1/servers/${id}/os-volume_attachments`;
  const ask = (version: string) => cloud.ask('POST', path, { version, body: { volumeAttachment: { volumeId } } });
  assert.match((await ask('2.59')).body.badRequest.message, /^Multiattach volumes are only supported/);
  assert.equal((await ask('2.60')).status, 200);
});

test('the NIC of a deleted port is detached, with an event and without one', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  const { id } = await launched(cloud, { networks: [{ uuid: networkId }, { uuid: networkId }] });
  const [first, second] = [...cloud.network.ports.keys()];
  const nics = () => agent.guests.get(id)?.nics.length;
  await cloud.network.removePort(first ?? '');
  const events = [{ name: 'network-vif-deleted', server_uuid: id, tag: first }];
  await cloud.ask('POST', '/v2.1/os-server-external-events', { body: { events } });
  await until(() => nics() === 1);
  await cloud.network.removePort(second ?? '');
  await refreshAddresses(cloud.compute, id);
  await until(() => nics() === 0);
  await until(async () => (await cloud.openTasks()) === 0);
  assert.deepEqual((await cloud.show(id)).addresses, {});
});

test('a NIC attached later does not get the security groups of the launch', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud, { security_groups: [{ name: 'web' }] });
  const blue = cloud.network.networks.get(networkId);
  assert.ok(blue);
  cloud.network.networks.set(unsecured, { ...blue, id: unsecured, port_security_enabled: false });
  const body = { interfaceAttachment: { net_id: unsecured } };
  assert.equal((await cloud.ask('POST', `/v2.1/servers/${id}/os-interface`, { body })).status, 200);
  const port = [...cloud.network.ports.values()].find((each) => each.network_id === unsecured);
  assert.deepEqual(port?.security_groups, ['g1'], 'what its network gives');
  const launch = await cloud.launch({ networks: [{ uuid: unsecured }], security_groups: [{ name: 'web' }] });
  assert.match(launch.body.badRequest.message, /requires port_security_enabled/);
});

test('a fixed IP is added to the port of a network and removed again, until 2.43', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const { id } = await launched(cloud);
  const addresses = async () => (await cloud.show(id)).addresses.blue.map(({ addr }: { addr: string }) => addr);
  const [first] = await addresses();
  assert.equal((await cloud.act(id, { addFixedIp: { networkId } })).status, 202);
  const both = await addresses();
  assert.equal(both.length, 2);
  assert.equal((await cloud.act(id, { removeFixedIp: { address: first } })).status, 202);
  assert.deepEqual(await addresses(), [both[1]]);
  assert.equal((await cloud.act(id, { removeFixedIp: { address: first } })).status, 400);
  assert.equal((await cloud.act(id, { addFixedIp: { networkId: unsecured } })).status, 404);
  assert.equal((await cloud.act(id, { addFixedIp: { networkId } }, { version: '2.44' })).status, 404);
});
