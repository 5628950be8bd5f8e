/** Concurrent operations on volumes, snapshots and quotas. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { attach, projectId, startVolumes, until, waitForHosts } from './volume-cloud.ts';

/** A host whose copies wait for `release`. */
async function slowCopies(t: TestContext) {
  const cloud = await startVolumes(t);
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  const host = cloud.startHost({
    ensureVolume: async (spec: VolumeSpec) => {
      if (spec.source.kind !== 'blank') await held.promise;
      return host.agent.ensureVolume(spec);
    },
  });
  await waitForHosts(cloud, 1);
  return { cloud, release: held.resolve };
}

test('a volume that is being copied can be neither deleted nor extended', async (t) => {
  const { cloud, release } = await slowCopies(t);
  const { id } = await cloud.createAndWait();
  const copy = (await cloud.create({ source_volid: id, size: 1 })).body.volume.id;
  const refused = await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  assert.equal(refused.status, 400);
  assert.match(refused.body.badRequest.message, new RegExp(`is being copied to volume ${copy}`));
  assert.equal((await cloud.act(id, { 'os-extend': { new_size: 2 } })).status, 400);
  assert.equal((await cloud.show(id)).status, 'available');
  release();
  assert.equal((await cloud.waitUntilStable(copy)).status, 'available');
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)).status, 202);
  await cloud.isGone(`/volumes/${id}`);
});

test('a snapshot that is being copied cannot be deleted, nor can its volume', async (t) => {
  const { cloud, release } = await slowCopies(t);
  const { id } = await cloud.createAndWait();
  const { id: snapshot } = (await cloud.snapshot(id)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(snapshot)).status === 'available');
  const copy = (await cloud.create({ snapshot_id: snapshot })).body.volume.id;
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/snapshots/${snapshot}`)).status, 400);
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}?cascade=true`)).status, 400);
  release();
  assert.equal((await cloud.waitUntilStable(copy)).status, 'available');
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}?cascade=true`)).status, 202);
  await cloud.isGone(`/snapshots/${snapshot}`);
});

test('a concurrent copy and delete of a volume: one of them is refused', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  for (let round = 0; round < 5; round += 1) {
    const { id } = await cloud.createAndWait();
    const both = [cloud.create({ source_volid: id }), cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)];
    const [copied] = await Promise.all(both);
    if (copied?.status === 202) assert.equal((await cloud.waitUntilStable(copied.body.volume.id)).status, 'available');
  }
});

test('a volume that was never placed is deleted within the request, and its type can be deleted', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const body = { volume_type: { name: 'nowhere', extra_specs: { volume_backend_name: 'nosuch' } } };
  const type = (await cloud.ask('POST', `${cloud.at}/types`, { body })).body.volume_type;
  const { id, status } = await cloud.createAndWait({ volume_type: 'nowhere' });
  assert.equal(status, 'error');
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)).status, 202);
  assert.equal((await cloud.ask('GET', `${cloud.at}/volumes/${id}`)).status, 404);
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/types/${type.id}`)).status, 202);
});

test('a forced detach makes a volume in error available', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const attachment = await attach(cloud, id);
  await cloud.act(id, { 'os-reset_status': { status: 'error' } });
  const forced = await cloud.act(id, { 'os-force_detach': { attachment_id: attachment } });
  assert.deepEqual([forced.status, (await cloud.show(id)).status], [202, 'available']);
  await cloud.act(id, { 'os-reset_status': { status: 'error' } });
  await cloud.act(id, { 'os-force_detach': {} });
  assert.equal((await cloud.show(id)).status, 'available');
});

test('a removed read-only flag is shown as False', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id, metadata } = await cloud.createAndWait();
  assert.equal('readonly' in metadata, false);
  for (const [readonly, shown] of [
    [true, 'True'],
    [false, 'False'],
  ]) {
    await cloud.act(id, { 'os-update_readonly_flag': { readonly } });
    assert.equal((await cloud.show(id)).metadata.readonly, shown);
  }
});

test('an image can set the type of its volumes, and image metadata is copied to uploaded images', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: { name: 'gold' } } });
  const image = cloud.images.add({ cinder_img_volume_type: 'gold', hw_disk_bus: 'scsi' });
  const { id, volume_type } = await cloud.createAndWait({ imageRef: image.id });
  assert.equal(volume_type, 'gold');
  const other = cloud.images.add({ cinder_img_volume_type: 'nosuch' });
  assert.equal((await cloud.createAndWait({ imageRef: other.id })).volume_type, '__DEFAULT__');
  const lie = { id: randomUUID(), visibility: 'public', owner: 'x', image_id: 'y', note: 'kept' };
  await cloud.act(id, { 'os-set_image_metadata': { metadata: lie } });
  const upload = await cloud.act(id, { 'os-volume_upload_image': { image_name: 'copy' } });
  const made = cloud.images.images.get(upload.body['os-volume_upload_image'].image_id);
  assert.deepEqual([made?.hw_disk_bus, made?.note, made?.visibility], ['scsi', 'kept', 'private']);
  assert.equal(made?.owner === 'x' || made?.id === lie.id || made?.image_id !== undefined, false);
});

test('quotas of volumes, gigabytes and snapshots hold under twenty concurrent requests', async (t) => {
  const cloud = await startVolumes(t, { limit: 4 });
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const limit = (quota_set: object) =>
    cloud.ask('PUT', `${cloud.at}/os-quota-sets/${projectId}`, { body: { quota_set } });
  const twenty = <T>(ask: (at: number) => Promise<T>) => Promise.all(Array.from({ length: 20 }, (_, at) => ask(at)));
  await limit({ volumes: 7, gigabytes: 100, snapshots: 3 });
  const made = await twenty(() => cloud.create());
  const ids = made.filter(({ status }) => status === 202).map(({ body }) => body.volume.id);
  assert.deepEqual([ids.length, made.filter(({ status }) => status === 413).length], [7, 13]);
  for (const id of ids) await cloud.waitUntilStable(id);
  const snapshots = await twenty(() => cloud.snapshot(ids[0]));
  assert.equal(snapshots.filter(({ status }) => status === 202).length, 3);
  await limit({ volumes: -1, gigabytes: 20, snapshots: -1 });
  const grown = await twenty((at) => cloud.act(ids[at % 7], { 'os-extend': { new_size: 4 } }));
  assert.equal(grown.filter(({ status }) => status === 202).length, 3);
  const { quota_set } = (await cloud.ask('GET', `${cloud.at}/os-quota-sets/${projectId}?usage=True`)).body;
  assert.equal(quota_set.gigabytes.in_use, 19);
});

test('a retype checks the quota of the new type only', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: { name: 'gold' } } });
  const quota_set = { gigabytes: 2, gigabytes_gold: 1 };
  await cloud.ask('PUT', `${cloud.at}/os-quota-sets/${projectId}`, { body: { quota_set } });
  const { id } = await cloud.createAndWait({ size: 2 });
  const retype = { 'os-retype': { new_type: 'gold', migration_policy: 'never' } };
  const refused = await cloud.act(id, retype);
  assert.match(JSON.stringify(refused.body), /gigabytes_gold quota. Requested 2G, quota is 1G/);
  await cloud.ask('PUT', `${cloud.at}/os-quota-sets/${projectId}`, { body: { quota_set: { gigabytes_gold: 2 } } });
  assert.equal((await cloud.act(id, retype)).status, 202);
});

test('members cannot filter by host; a filter by an unknown group finds nothing', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const count = async (query: string, asked: object) =>
    (await cloud.ask('GET', `${cloud.at}/volumes?${query}`, asked)).body.volumes.length;
  const member = { role: 'member,reader' };
  assert.equal(await count('host=elsewhere', { ...member, version: '3.30' }), 1);
  const refused = await cloud.ask('GET', `${cloud.at}/volumes?host=store1`, { ...member, version: '3.31' });
  assert.match(refused.body.badRequest.message, /Invalid filters host are found in query options/);
  assert.deepEqual([await count('host=elsewhere', {}), await count('host=store1', {})], [0, 1]);
  assert.equal(await count(`group_id=${randomUUID()}`, { version: '3.31' }), 0);
  await attach(cloud, id);
  const [seen] = (await cloud.ask('GET', `${cloud.at}/volumes/${id}`, member)).body.volume.attachments;
  assert.equal(seen.host_name, null);
});
