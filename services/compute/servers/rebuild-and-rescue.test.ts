/** Actions that change what a server boots from, or whether it is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import {
  addVolume,
  type Cloud,
  cloudWithHost,
  imageId,
  launched,
  startCloud,
  until,
  volumeId,
} from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

const otherImage = '0b5e2e0c-54a3-4a86-9a8d-5a9d1e9a1d5e';
function addImage(cloud: Cloud, id = otherImage, more: object = {}) {
  const image = cloud.images.all.get(imageId);
  assert.ok(image);
  cloud.images.all.set(id, { ...image, id, ...more });
}

test('a rebuild makes the disk anew from another image, keeps address and id, and answers with what is new', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  addImage(cloud);
  const server = await launched(cloud, { config_drive: true });
  const body = {
    rebuild: { imageRef: otherImage, name: 'new', metadata: { a: 'b' }, user_data: 'aGk=', adminPass: 'p' },
  };
  const answer = await cloud.act(server.id, body, { version: '2.100' });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const { server: shown } = answer.body;
  assert.deepEqual([shown.name, shown.adminPass, shown.user_data, shown.image.id], ['new', 'p', 'aGk=', otherImage]);
  const now = await cloud.ended(server.id);
  assert.deepEqual([now.status, now.image.id, now.metadata], ['ACTIVE', otherImage, { a: 'b' }]);
  assert.deepEqual(now.addresses, server.addresses);
  const guest = agent.guests.get(server.id);
  const [root] = guest?.disks ?? [];
  assert.deepEqual(
    [root?.source, root?.generation],
    [{ kind: 'image', imageId: otherImage, format: 'qcow2' }, guest?.generation],
  );
  assert.match(String(guest?.configDrive?.['openstack/latest/meta_data.json']), /"admin_pass":"p"/);
  const again = await cloud.act(server.id, { rebuild: { imageRef: otherImage } });
  assert.equal(again.status, 202);
  await cloud.ended(server.id);
  assert.notEqual(agent.guests.get(server.id)?.generation, guest?.generation);
});

test('a rebuild keeps a stopped server off, takes or drops a key, and refuses what it cannot do', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  addImage(cloud, otherImage, { min_ram: 4096 });
  const server = await launched(cloud);
  await cloud.act(server.id, { 'os-stop': null });
  await cloud.ended(server.id);
  const rebuild = (more: object, version = '2.93') =>
    cloud.act(server.id, { rebuild: { imageRef: imageId, ...more } }, { version });
  assert.equal((await rebuild({ key_name: 'absent' })).status, 400);
  assert.equal((await rebuild({ imageRef: otherImage })).status, 400, 'min_ram');
  assert.equal((await rebuild({ preserve_ephemeral: true })).status, 400);
  assert.equal((await rebuild({ key_name: null }, '2.53')).status, 400, 'since 2.54');
  assert.equal((await rebuild({ key_name: null })).status, 202);
  assert.equal((await cloud.ended(server.id)).status, 'SHUTOFF');
  assert.equal(agent.guests.get(server.id)?.power, 'off');
});

test('a rebuild that its host refuses ends in ERROR with the former image, and can be repeated', async (t) => {
  let refuses = true;
  const { cloud } = await cloudWithHost(t, {
    ensureGuest: async (spec) => {
      if (refuses && spec.power === 'on' && spec.generation)
        throw new Fault(507, 'insufficientStorage', 'No space is left on the disk of this host for the guest.');
      return { id: spec.id, power: spec.power, machine: { type: 'q', cpu: 'max', accelerator: 'tcg' }, devices: {} };
    },
  });
  addImage(cloud);
  const { id } = await launched(cloud);
  await cloud.act(id, { rebuild: { imageRef: otherImage } });
  const failed = await cloud.ended(id);
  assert.deepEqual([failed.status, failed.image.id], ['ERROR', imageId]);
  assert.match(failed.fault.message, /No space is left/);
  refuses = false;
  await cloud.act(id, { rebuild: { imageRef: otherImage } });
  assert.deepEqual([(await cloud.ended(id)).status, (await cloud.show(id)).image.id], ['ACTIVE', otherImage]);
});

test('a rescued server boots from a disk of its own and keeps its disks; unrescue removes that disk', async (t) => {
  const { cloud, agent } = await cloudWithHost(t);
  addImage(cloud);
  const { id } = await launched(cloud);
  const answer = await cloud.act(id, { rescue: { adminPass: 'pw', rescue_image_ref: otherImage } });
  assert.deepEqual([answer.status, answer.body], [200, { adminPass: 'pw' }]);
  const rescued = await cloud.ended(id);
  assert.deepEqual([rescued.status, rescued['OS-EXT-STS:vm_state'], rescued.image.id], ['RESCUE', 'rescued', imageId]);
  const disks = () => agent.guests.get(id)?.disks.map((disk) => [disk.id, disk.bootIndex]);
  assert.deepEqual(disks(), [
    ['root', null],
    ['rescue', 0],
  ]);
  assert.equal((await cloud.act(id, { reboot: { type: 'SOFT' } })).status, 409);
  agent.send(id, 'off', 'powered off from inside');
  assert.equal((await cloud.act(id, { unrescue: null })).status, 202);
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  assert.deepEqual(disks(), [['root', 0]]);
  assert.equal((await cloud.act(id, { unrescue: null })).status, 409);
});

test('a server that boots from a volume is rescued from 2.87 on, with an image that says where its disk goes', async (t) => {
  const { cloud } = await cloudWithHost(t);
  addVolume(cloud, volumeId, { bootable: 'true' });
  addImage(cloud, otherImage, { hw_rescue_bus: 'virtio', hw_rescue_device: 'disk' });
  const disk = { uuid: volumeId, source_type: 'volume', destination_type: 'volume', boot_index: 0 };
  const { id } = await launched(cloud, { imageRef: undefined, block_device_mapping_v2: [disk] });
  const rescue = (ref: string, version: string) => cloud.act(id, { rescue: { rescue_image_ref: ref } }, { version });
  assert.equal((await rescue(otherImage, '2.86')).status, 400);
  assert.equal((await rescue(imageId, '2.87')).status, 400);
  assert.equal((await rescue(otherImage, '2.87')).status, 200);
  assert.equal((await cloud.ended(id)).status, 'RESCUE');
});

test('with a reclaim time a deleted server is off and hidden from lists, and comes back or is deleted in the end', async (t) => {
  const cloud = await startCloud(t, { config: { reclaimMs: 3_600_000 } });
  const agent = cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const { id } = await launched(cloud);
  assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${id}`)).status, 204);
  assert.equal((await cloud.ended(id)).status, 'SOFT_DELETED');
  assert.equal(agent.guests.get(id)?.power, 'off');
  const list = async (query = '') => (await cloud.ask('GET', `/v2.1/servers${query}`)).body.servers.length;
  assert.deepEqual([await list(), await list('?status=soft_deleted')], [0, 1]);
  assert.equal((await cloud.act(id, { restore: null })).status, 202);
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  assert.equal((await cloud.act(id, { restore: null })).status, 409);
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.ended(id);
  assert.equal((await cloud.act(id, { forceDelete: null })).status, 202);
  await cloud.isGone(id);
  assert.equal(agent.guests.size, 0);
});
