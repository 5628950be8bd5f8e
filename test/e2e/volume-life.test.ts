/** The life of volumes and snapshots over HTTP, on fakes. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { projectId, startVolumes, until } from './volume-cloud.ts';

test('a volume is made, shown, renamed, listed and deleted', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
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
  const volume = await cloud.settled(id);
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

const knows = (cloud: Awaited<ReturnType<typeof startVolumes>>, hosts: number) =>
  until(async () => {
    const { body } = await cloud.ask('GET', `${cloud.at}/os-services?binary=cinder-volume`);
    return body.services.length === hosts;
  });

test('a field appears in the version that brought it', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const { id } = await cloud.made();
  const old = await cloud.show(id, '3.0');
  const now = await cloud.show(id, '3.71');
  for (const field of ['group_id', 'provider_id', 'service_uuid', 'cluster_name', 'volume_type_id', 'consumes_quota'])
    assert.deepEqual([field in old, field in now], [false, true], field);
  assert.equal((await cloud.ask('GET', '/v3/attachments', { version: '3.26' })).status, 404);
  assert.equal((await cloud.ask('GET', '/v3/volumes', { version: '3.72' })).status, 406);
});

test('bad wishes are refused in the words of the API', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const refused = async (wish: object, status: number, words: RegExp) => {
    const { status: found, body } = await cloud.create(wish);
    assert.equal(found, status, JSON.stringify(body));
    assert.match(JSON.stringify(body), words);
  };
  await refused({ frob: 1 }, 400, /'frob' was unexpected/);
  await refused({ size: 'much' }, 400, /attribute size/);
  await refused({ size: 0 }, 400, /minimum of 1/);
  await refused({ size: '0' }, 400, /attribute size/);
  await refused({ volume_type: 'nosuch' }, 404, /itemNotFound.*nosuch/);
  await refused({ imageRef: randomUUID() }, 404, /Image .* could not be found/);
  await refused({ snapshot_id: randomUUID() }, 404, /Snapshot/);
  await refused({ availability_zone: 'mars' }, 400, /Availability zone 'mars' is invalid/);
  await refused({ size: 1001 }, 413, /overLimit.*gigabytes quota.*retryAfter":"0"/);
  const stranger = await cloud.create({}, { role: 'reader' });
  assert.equal(stranger.status, 403);
  const other = await cloud.ask('GET', '/v3/00000000000000000000000000000000/volumes', { role: 'member,reader' });
  assert.equal(other.body.badRequest.message, 'Malformed request url');
});

test('the quota counts what is there, and a deleted volume counts no more', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  await cloud.ask('PUT', `${cloud.at}/os-quota-sets/${projectId}`, { body: { quota_set: { volumes: 1 } } });
  const { id } = await cloud.made();
  const over = await cloud.create();
  assert.equal(over.status, 413);
  assert.match(over.body.overLimit.message, /Maximum number of volumes allowed \(1\) exceeded for quota 'volumes'/);
  const { limits } = (await cloud.ask('GET', '/v3/limits?project_id=None', { version: '3.39' })).body;
  assert.equal(limits.absolute.totalVolumesUsed, 1);
  await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  await cloud.isGone(`/volumes/${id}`);
  await cloud.made();
});

test('a volume grows when it is free, and says why not when it is in use', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const { id } = await cloud.made();
  assert.equal((await cloud.act(id, { 'os-extend': { new_size: 1 } })).status, 400);
  assert.equal((await cloud.act(id, { 'os-extend': { new_size: 2 } })).status, 202);
  await until(async () => (await cloud.show(id)).size === 2);
  assert.equal((await cloud.show(id)).status, 'available');
  await attached(cloud, id);
  const refused = await cloud.act(id, { 'os-extend': { new_size: 3 } });
  assert.match(refused.body.badRequest.message, /attached.*cannot extend volumes in use/);
});

async function attached(cloud: Awaited<ReturnType<typeof startVolumes>>, volumeId: string): Promise<string> {
  const { attachment } = (await cloud.reserve(volumeId, randomUUID())).body;
  await cloud.connect(attachment.id);
  await cloud.complete(attachment.id);
  return attachment.id;
}

test('snapshots hold their volume, and volumes come of them', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const { id } = await cloud.made();
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
  const copy = await cloud.made({ snapshot_id: snapshotId, size: null });
  assert.deepEqual([copy.status, copy.size, copy.snapshot_id], ['available', 1, snapshotId]);
  const clone = await cloud.made({ source_volid: id, size: 2 });
  assert.deepEqual([clone.status, clone.size, clone.source_volid], ['available', 2, id]);
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}?cascade=true`)).status, 202);
  await cloud.isGone(`/volumes/${id}`);
  await cloud.isGone(`/snapshots/${snapshotId}`);
});

test('a volume of an image is bootable and says what it came of', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost({ ensureVolume: async ({ sizeGb }) => ({ sizeGb }) });
  await knows(cloud, 1);
  const image = cloud.images.add({ min_disk: 1, hw_disk_bus: 'scsi' });
  const volume = await cloud.made({ imageRef: image.id });
  assert.equal(volume.bootable, 'true');
  assert.equal(volume.volume_image_metadata.image_id, image.id);
  assert.equal(volume.volume_image_metadata.hw_disk_bus, 'scsi');
  const small = await cloud.create({ imageRef: cloud.images.add({ min_disk: 2 }).id });
  assert.match(small.body.badRequest.message, /cannot be smaller than the image minDisk size 2GB/);
});

test('a volume becomes an image, and is itself again', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const { id } = await cloud.made();
  const { status, body } = await cloud.act(id, {
    'os-volume_upload_image': { image_name: 'copy', disk_format: 'raw' },
  });
  assert.equal(status, 202);
  const { image_id: imageId } = body['os-volume_upload_image'];
  assert.equal((await cloud.settled(id)).status, 'available');
  assert.ok(cloud.images.images.has(imageId));
});

test('an upload that fails leaves no image, and a message', async (t) => {
  const cloud = await startVolumes(t);
  const uploadVolume = async () => {
    throw new Fault(507, 'insufficientStorage', 'the disk is full');
  };
  cloud.startHost({ uploadVolume });
  await knows(cloud, 1);
  const { id } = await cloud.made();
  await cloud.act(id, { 'os-volume_upload_image': { image_name: 'copy' } });
  assert.equal((await cloud.settled(id)).status, 'available');
  assert.equal(cloud.images.images.size, 0);
  assert.match((await cloud.messages())[0].user_message, /the disk is full/);
});

test('a host that refuses leaves the volume in error with the reason, and it can be deleted', async (t) => {
  const cloud = await startVolumes(t);
  const ensureVolume = async () => {
    throw new Fault(507, 'insufficientStorage', 'the disk is full, nothing was written');
  };
  cloud.startHost({ ensureVolume });
  await knows(cloud, 1);
  const { id, status } = await cloud.made();
  assert.equal(status, 'error');
  const [message] = await cloud.messages();
  assert.equal(message.resource_uuid, id);
  assert.match(message.user_message, /create volume:Host store1: the disk is full/);
  await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  await cloud.isGone(`/volumes/${id}`);
});

test('without a pool that fits the reason names each pool and what it lacks', async (t) => {
  const cloud = await startVolumes(t);
  assert.equal((await cloud.made()).status, 'error');
  assert.match((await cloud.messages())[0].user_message, /no storage host has reported yet/);
  cloud.startHost();
  await knows(cloud, 1);
  const { status } = await cloud.made({ size: 500 });
  assert.equal(status, 'error');
  const said = (await cloud.messages()).map(({ user_message }) => user_message).join();
  assert.match(said, /store1@fake#fake has 100 GiB free of the 500 GiB needed/);
});

test('a host that stays away: a create ends in error, a delete ends, and the clean-up waits for it', async (t) => {
  const cloud = await startVolumes(t, { answerMs: 300 });
  const host = cloud.startHost();
  await knows(cloud, 1);
  const { id: old } = await cloud.made();
  await host.close();
  const { id, status } = await cloud.made();
  assert.equal(status, 'error');
  assert.match((await cloud.messages())[0].user_message, /did not answer/);
  for (const each of [id, old]) await cloud.ask('DELETE', `${cloud.at}/volumes/${each}`);
  for (const each of [id, old]) await cloud.isGone(`/volumes/${each}`);
  const returned = cloud.startHost();
  await until(async () => (await cloud.db('host_work').where({ outcome: null })).length === 0);
  assert.deepEqual((await returned.store.pools())[0]?.freeGb, 100);
});

test('force deletes what is being made', async (t) => {
  const cloud = await startVolumes(t);
  const slow = Promise.withResolvers<void>();
  let made = 0;
  const host = cloud.startHost({
    ensureVolume: async (wish) => {
      await slow.promise;
      made += 1;
      return host.agent.ensureVolume(wish);
    },
  });
  await knows(cloud, 1);
  const { id } = (await cloud.create()).body.volume;
  assert.match(
    (await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)).body.badRequest.message,
    /status must be available or error/,
  );
  assert.equal((await cloud.act(id, { 'os-force_delete': {} })).status, 202);
  slow.resolve();
  await cloud.isGone(`/volumes/${id}`);
  assert.ok(made <= 1);
  assert.equal((await host.store.pools())[0]?.freeGb, 100);
});

test('types: private ones are for their projects, and one that is used stays', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const wish = { name: 'fast', 'os-volume-type-access:is_public': false, extra_specs: { volume_backend_name: 'nvme' } };
  const { volume_type: type } = (await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: wish } })).body;
  const member = { role: 'member,reader' };
  assert.equal((await cloud.ask('GET', `${cloud.at}/types/${type.id}`, member)).status, 404);
  await cloud.ask('POST', `${cloud.at}/types/${type.id}/action`, {
    body: { addProjectAccess: { project: projectId } },
  });
  const seen = await cloud.ask('GET', `${cloud.at}/types/${type.id}`, member);
  assert.deepEqual(seen.body.volume_type.extra_specs, {});
  const { status } = await cloud.made({ volume_type: 'fast' });
  assert.equal(status, 'error');
  assert.match((await cloud.messages())[0].user_message, /has not the volume_backend_name nvme that the type wants/);
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/types/${type.id}`)).status, 400);
  const names = (await cloud.ask('GET', `${cloud.at}/types?is_public=None`)).body.volume_types.map(
    (each: { name: string }) => each.name,
  );
  assert.deepEqual(names.toSorted(), ['__DEFAULT__', 'fast']);
});

test('a disabled host gets no new volumes, and a frozen one keeps all as it is', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const { id } = await cloud.made();
  const tell = (verb: string) => cloud.ask('PUT', `/v3/os-services/${verb}`, { body: { host: 'store1@fake' } });
  assert.equal((await tell('disable')).body.status, 'disabled');
  assert.equal((await cloud.made()).status, 'error');
  await tell('enable');
  assert.equal((await tell('freeze')).status, 200);
  const refused = await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  assert.match(refused.body.badRequest.message, /frozen storage backends/);
  await tell('thaw');
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`)).status, 202);
  assert.equal((await cloud.ask('PUT', '/v3/os-services/freeze', { body: { host: 'nowhere' } })).status, 400);
});

test('an offered volume changes hands with its snapshots, for who has the key', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const { id } = await cloud.made();
  const { id: snapshotId } = (await cloud.snapshot(id)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(snapshotId)).status === 'available');
  const wish = { transfer: { volume_id: id, name: 'gift' } };
  const { transfer } = (await cloud.ask('POST', '/v3/volume-transfers', { version: '3.57', body: wish })).body;
  assert.equal((await cloud.show(id)).status, 'awaiting-transfer');
  const other = { role: 'member,reader', project: 'another-project', version: '3.57' };
  const accept = (auth_key: string) =>
    cloud.ask('POST', `/v3/volume-transfers/${transfer.id}/accept`, { ...other, body: { accept: { auth_key } } });
  assert.equal((await cloud.ask('GET', `/v3/volume-transfers/${transfer.id}`, other)).status, 404);
  assert.equal((await accept('0000000000000000')).status, 400);
  assert.equal((await accept(transfer.auth_key)).status, 202);
  assert.equal((await cloud.ask('GET', `/v3/volumes/${id}`, other)).body.volume.status, 'available');
  assert.equal((await cloud.ask('GET', `/v3/snapshots/${snapshotId}`, other)).status, 200);
  assert.equal((await cloud.ask('GET', `/v3/volumes/${id}`, { role: 'member,reader' })).status, 404);
  assert.deepEqual((await cloud.ask('GET', '/v3/volume-transfers', { version: '3.57' })).body.transfers, []);
});

test('lists are paged by marker, sorted and counted', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  for (const name of ['b', 'a', 'c']) await cloud.made({ name, metadata: { mark: name } });
  const names = async (query: string) => {
    const { body } = await cloud.ask('GET', `${cloud.at}/volumes/detail?${query}`, { version: '3.60' });
    return { ...body, volumes: body.volumes.map((each: { name: string }) => each.name) };
  };
  assert.deepEqual((await names('sort=name:asc')).volumes, ['a', 'b', 'c']);
  assert.deepEqual((await names('')).volumes, ['c', 'a', 'b']);
  const first = await names('sort=name:asc&limit=2&with_count=true');
  assert.deepEqual([first.volumes, first.count], [['a', 'b'], 3]);
  const next = new URL(first.volumes_links[0].href);
  assert.deepEqual((await names(next.search.slice(1))).volumes, ['c']);
  assert.deepEqual((await names(`metadata=${encodeURIComponent("{'mark': 'a'}")}`)).volumes, ['a']);
  assert.deepEqual((await names('limit=1&offset=1&sort_key=name&sort_dir=asc')).volumes, ['b']);
});

test('another service acts in the project it names', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await knows(cloud, 1);
  const service = { role: 'admin,service', project: 'service-project' };
  const { status, body } = await cloud.create({}, { ...service, version: '3.54' });
  assert.equal(status, 202);
  assert.equal((await cloud.settled(body.volume.id))['os-vol-tenant-attr:tenant_id'], projectId);
});
