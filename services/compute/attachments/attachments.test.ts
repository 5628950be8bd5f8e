/** Disks and NICs that come and go while a server is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { addVolume, cloudWithHost, launched, networkId, until, volumeId } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

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

test('volumes attached in one breath, while it reboots, are all there', async (t) => {
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

test('a volume that the host refuses is free again, and the action says why', async (t) => {
  let refuses = false;
  const { cloud } = await cloudWithHost(t, {
    ensureGuest: async (wish) => {
      if (refuses && wish.disks.length > 1) throw new Fault(500, 'unexpected', 'no slot is left');
      const machine = { type: 'q35', cpu: 'max', accelerator: 'tcg' } as const;
      return { id: wish.id, power: wish.power, machine, devices: {} };
    },
  });
  const { id } = await launched(cloud);
  addVolume(cloud);
  refuses = true;
  await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body: { volumeAttachment: { volumeId } } });
  await until(async () => (await cloud.openTasks()) === 0);
  assert.equal(cloud.volumes.volumes.get(volumeId)?.status, 'available');
  const { body } = await cloud.ask('GET', `/v2.1/servers/${id}/os-instance-actions`);
  assert.equal(body.instanceActions[0].message, 'Host kvm1: no slot is left');
  assert.equal((await cloud.show(id)).status, 'ACTIVE');
});

test('a NIC comes and goes', async (t) => {
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

test('a port that the caller brought is free again after the delete', async (t) => {
  const { cloud } = await cloudWithHost(t);
  const port = await cloud.network.createPort({ network_id: networkId, device_id: '', device_owner: '' });
  const { id } = await launched(cloud, { networks: [{ port: port.id }] });
  assert.equal(cloud.network.ports.get(port.id)?.device_id, id);
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.isGone(id);
  assert.equal(cloud.network.ports.get(port.id)?.device_id, '');
});
