/** Copies of servers to images, and servers that are put away as one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { addVolume, type Cloud, launched, startCloud, until, volumeId } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

type Driver = Parameters<Cloud['startHost']>[0];

/** A host whose uploads make the image active. */
async function uploadingCloud(t: Parameters<typeof startCloud>[0], config = {}, driver: Driver = {}) {
  const cloud = await startCloud(t, { config });
  const uploadSnapshot = async ({ imageId }: { readonly imageId: string }) => {
    const image = cloud.images.all.get(imageId);
    assert.ok(image);
    cloud.images.all.set(imageId, { ...image, status: 'active' });
  };
  const agent = cloud.startHost({ uploadSnapshot, ...driver });
  await until(() => cloud.placement.providers.size === 1);
  return { cloud, agent };
}

const imagesOfType = (cloud: Cloud, type: string) =>
  [...cloud.images.all.values()].filter(({ image_type }) => image_type === type);

test('a shelved server leaves its host with its address, and comes back from its image, which is gone then', async (t) => {
  const { cloud, agent } = await uploadingCloud(t);
  const server = await launched(cloud);
  addVolume(cloud);
  await cloud.ask('POST', `/v2.1/servers/${server.id}/os-volume_attachments`, {
    body: { volumeAttachment: { volumeId } },
  });
  await cloud.ended(server.id);
  assert.equal((await cloud.act(server.id, { shelve: null })).status, 202);
  await until(async () => (await cloud.show(server.id)).status === 'SHELVED_OFFLOADED');
  const away = await cloud.ended(server.id);
  assert.deepEqual([away.hostId, away['OS-EXT-SRV-ATTR:host'], away.addresses], ['', null, server.addresses]);
  assert.deepEqual([agent.guests.size, cloud.placement.claims.size, cloud.volumes.attachments.size], [0, 0, 1]);
  const [image] = imagesOfType(cloud, 'snapshot');
  assert.equal(image?.name, 'web-shelved');
  assert.equal([...cloud.network.ports.values()][0]?.['binding:host_id'], '');
  assert.equal((await cloud.act(server.id, { 'os-start': null })).status, 409);

  assert.equal((await cloud.act(server.id, { unshelve: null })).status, 202);
  const back = await cloud.ended(server.id);
  assert.deepEqual([back.status, back.image.id, back.addresses], ['ACTIVE', server.image.id, server.addresses]);
  const guest = agent.guests.get(server.id);
  assert.deepEqual(guest?.disks[0]?.source, { kind: 'image', imageId: image?.id, format: 'qcow2' });
  assert.equal(guest?.disks[1]?.id, volumeId);
  await until(() => imagesOfType(cloud, 'snapshot').length === 0);
  const actions = await cloud.ask('GET', `/v2.1/servers/${server.id}/os-instance-actions`);
  const names = actions.body.instanceActions.map(({ action }: { action: string }) => action);
  assert.deepEqual(names, ['unshelve', 'shelve', 'attach_volume', 'create']);
});

test('with a time to wait a shelved server stays on its host, until it is offloaded or starts there again', async (t) => {
  const { cloud, agent } = await uploadingCloud(t, { offloadMs: -1 });
  const { id } = await launched(cloud);
  await cloud.act(id, { shelve: null });
  assert.equal((await cloud.ended(id)).status, 'SHELVED');
  assert.equal(agent.guests.get(id)?.power, 'off');
  const named = await cloud.act(id, { unshelve: { availability_zone: 'nova' } }, { version: '2.77' });
  assert.equal(named.status, 409);
  await cloud.act(id, { unshelve: null });
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  await cloud.act(id, { shelve: null });
  await cloud.ended(id);
  assert.equal((await cloud.act(id, { shelveOffload: null })).status, 202);
  assert.equal((await cloud.ended(id)).status, 'SHELVED_OFFLOADED');
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.isGone(id);
  await until(() => imagesOfType(cloud, 'snapshot').length === 0);
});

test('a server that cannot be copied is not shelved and runs on; one that has no host stays shelved', async (t) => {
  const refuse = async () => {
    throw new Fault(507, 'insufficientStorage', 'No space is left on the disk of this host for the snapshot.');
  };
  const { cloud, agent } = await uploadingCloud(t, {}, { uploadSnapshot: refuse });
  const { id } = await launched(cloud);
  await cloud.act(id, { shelve: null });
  assert.equal((await cloud.ended(id)).status, 'ACTIVE');
  assert.deepEqual([agent.guests.get(id)?.power, imagesOfType(cloud, 'snapshot').length], ['on', 0]);

  const { cloud: other } = await uploadingCloud(t);
  const server = await launched(other);
  await other.act(server.id, { shelve: null });
  await until(async () => (await other.show(server.id)).status === 'SHELVED_OFFLOADED');
  await other.ended(server.id);
  const services = (await other.ask('GET', '/v2.1/os-services?binary=nova-compute', { version: '2.53' })).body.services;
  const disable = { version: '2.53', body: { status: 'disabled' } };
  await other.ask('PUT', `/v2.1/os-services/${services[0].id}`, disable);
  await other.act(server.id, { unshelve: null });
  assert.equal((await other.ended(server.id)).status, 'SHELVED_OFFLOADED');
  assert.equal(other.placement.claims.size, 0);
});

test('backups of a type are kept as many as the rotation says, the newest ones', async (t) => {
  const { cloud } = await uploadingCloud(t);
  const { id } = await launched(cloud);
  for (const name of ['one', 'two', 'three']) {
    const body = { createBackup: { name, backup_type: 'daily', rotation: 2 } };
    assert.equal((await cloud.act(id, body, { version: '2.45' })).status, 202);
    await cloud.ended(id);
  }
  assert.deepEqual(
    imagesOfType(cloud, 'backup').map(({ name }) => name),
    ['two', 'three'],
  );
  await cloud.act(id, { createBackup: { name: 'w', backup_type: 'weekly', rotation: 0 } });
  await cloud.ended(id);
  assert.equal(imagesOfType(cloud, 'backup').length, 2);
});

test('an image of a server that boots from a volume names snapshots, and another server boots from them', async (t) => {
  const { cloud, agent } = await uploadingCloud(t);
  addVolume(cloud, volumeId, { bootable: 'true', volume_image_metadata: { image_id: 'x', os_distro: 'tiny' } });
  const disk = { uuid: volumeId, source_type: 'volume', destination_type: 'volume', boot_index: 0 };
  const { id } = await launched(cloud, { imageRef: undefined, block_device_mapping_v2: [disk] });
  const { status, body } = await cloud.act(id, { createImage: { name: 'copy' } }, { version: '2.45' });
  assert.equal(status, 202, JSON.stringify(body));
  const image = cloud.images.all.get(body.image_id);
  assert.deepEqual([image?.status, image?.os_distro, image?.bdm_v2], ['active', 'tiny', 'True']);
  assert.equal(cloud.volumes.snapshots.size, 1);
  const copy = await launched(cloud, { imageRef: body.image_id });
  assert.equal(copy.status, 'ACTIVE', JSON.stringify(copy.fault));
  const [root] = agent.guests.get(copy.id)?.disks ?? [];
  assert.deepEqual([root?.source.kind, root?.bootIndex], ['iscsi', 0]);
  assert.equal((await cloud.act(id, { createBackup: { name: 'b', backup_type: 'daily', rotation: 1 } })).status, 400);
});
