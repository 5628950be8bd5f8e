/** The lifecycle of volumes and snapshots over HTTP, on fakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attach, projectId, startVolumes, until, waitForHosts } from './volume-cloud.ts';

test('a volume is created, shown, renamed, listed and deleted', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const created = await cloud.create({
    snapshot_id: null,
    description: null,
    imageRef: null,
    consistencygroup_id: null,
    volume_type: null,
    availability_zone: null,
    metadata: null,
    source_volid: null,
    backup_id: null,
  });
  assert.equal(created.status, 202);
  assert.equal(created.body.volume.status, 'creating');
  assert.equal(created.body.volume.volume_type, '__DEFAULT__');
  const { id } = created.body.volume;
  const volume = await cloud.waitUntilStable(id);
  assert.equal(volume.status, 'available');
  assert.equal(volume['os-vol-host-attr:host'], 'store1@fake#fake');
  assert.equal(volume['os-vol-tenant-attr:tenant_id'], projectId);
  assert.equal(volume.shared_targets, false);
  const { body } = await cloud.ask('PUT', `${cloud.at}/volumes/${id}`, { body: { volume: { name: 'other' } } });
  assert.equal(body.volume.name, 'other');
  const named = await cloud.ask('GET', `${cloud.at}/volumes/detail?all_tenants=1&name=other`);
  assert.deepEqual(
    named.body.volumes.map((each: { id: string }) => each.id),
    [id],
  );
  assert.deepEqual((await cloud.ask('GET', `${cloud.at}/volumes/detail?name=data`)).body, { volumes: [] });
  assert.equal(
    (await cloud.ask('GET', `${cloud.at}/volumes/other`)).body.itemNotFound.message,
    'Volume other could not be found.',
  );
  assert.equal(
    (await cloud.ask('DELETE', `${cloud.at}/volumes/${id}?cascade=False&force=False`, { version: '3.70' })).status,
    202,
  );
  await cloud.isGone(`/volumes/${id}`);
  assert.deepEqual((await cloud.ask('GET', '/v3/volumes')).body, { volumes: [] });
});

test('a volume is extended, in use from 3.42 where its storage can, and compute is told', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  assert.equal((await cloud.act(id, { 'os-extend': { new_size: 1 } })).status, 400);
  assert.equal((await cloud.act(id, { 'os-extend': { new_size: 2 } })).status, 202);
  await until(async () => (await cloud.show(id)).size === 2);
  assert.equal((await cloud.show(id)).status, 'available');
  await attach(cloud, id);
  const early = await cloud.act(id, { 'os-extend': { new_size: 3 } }, { version: '3.41' });
  assert.match(early.body.badRequest.message, /status must be 'available' to extend, currently in-use/);
  assert.equal((await cloud.act(id, { 'os-extend': { new_size: 3 } })).status, 202);
  await until(async () => (await cloud.show(id)).size === 3);
  assert.equal((await cloud.waitUntilStable(id)).status, 'in-use');
  assert.deepEqual(
    cloud.events.map(({ name, tag }) => [name, tag]),
    [['volume-extended', id]],
  );
});

test('a volume with snapshots cannot be deleted, and volumes are created from snapshots', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const made = await cloud.snapshot(id, { force: false, metadata: {} }, { version: '3.0' });
  assert.equal(made.status, 202);
  const { id: snapshotId } = made.body.snapshot;
  await until(async () => (await cloud.showSnapshot(snapshotId)).status === 'available');
  const held = await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  assert.match(held.body.badRequest.message, /have snapshots/);
  assert.match(
    (await cloud.create({ snapshot_id: snapshotId, size: 1, source_volid: id })).body.badRequest.message,
    /only one/,
  );
  const copy = await cloud.createAndWait({ snapshot_id: snapshotId, size: null });
  assert.deepEqual([copy.status, copy.size, copy.snapshot_id], ['available', 1, snapshotId]);
  const clone = await cloud.createAndWait({ source_volid: id, size: 2 });
  assert.deepEqual([clone.status, clone.size, clone.source_volid], ['available', 2, id]);
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}?cascade=true`)).status, 202);
  await cloud.isGone(`/volumes/${id}`);
  await cloud.isGone(`/snapshots/${snapshotId}`);
});

test('a volume created from an image is bootable and shows the image', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost({ ensureVolume: async ({ sizeGb }) => ({ sizeGb }) });
  await waitForHosts(cloud, 1);
  const image = cloud.images.add({ min_disk: 1, hw_disk_bus: 'scsi' });
  const volume = await cloud.createAndWait({ imageRef: image.id });
  assert.equal(volume.bootable, 'true');
  assert.equal(volume.volume_image_metadata.image_id, image.id);
  assert.equal(volume.volume_image_metadata.hw_disk_bus, 'scsi');
  const small = await cloud.create({ imageRef: cloud.images.add({ min_disk: 2 }).id });
  assert.match(small.body.badRequest.message, /cannot be smaller than the image minDisk size 2GB/);
});

test('a volume is uploaded as an image, and is available again', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const { status, body } = await cloud.act(id, {
    'os-volume_upload_image': { image_name: 'copy', disk_format: 'raw' },
  });
  assert.equal(status, 202);
  const { image_id: imageId } = body['os-volume_upload_image'];
  assert.equal((await cloud.waitUntilStable(id)).status, 'available');
  assert.ok(cloud.images.images.has(imageId));
});
