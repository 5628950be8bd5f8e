/** Data of a pool become volumes and snapshots, and cease to be ones. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { startVolumes, until, waitForHosts } from './volume-cloud.ts';

const pool = 'store1@fake#fake';

async function cloudWithHost(t: TestContext) {
  const cloud = await startVolumes(t);
  const host = cloud.startHost();
  await waitForHosts(cloud, 1);
  const version = '3.70';
  const manage = (volume: object, path = 'manageable_volumes') =>
    cloud.ask('POST', `${cloud.at}/${path}`, { version, body: { volume: { host: pool, ...volume } } });
  const manageSnapshot = (snapshot: object) =>
    cloud.ask('POST', `${cloud.at}/manageable_snapshots`, { version, body: { snapshot } });
  const list = async (kind: string, query = '', path = `manageable_${kind}s`) =>
    (await cloud.ask('GET', `${cloud.at}/${path}?host=${encodeURIComponent(pool)}${query}`, { version })).body;
  const unmanage = async (id: string) => {
    const { status } = await cloud.act(id, { 'os-unmanage': {} });
    await cloud.isGone(`/volumes/${id}`);
    return status;
  };
  return { cloud, host, manage, manageSnapshot, list, unmanage };
}

test('a volume is unmanaged, listed, and managed again by its former name, in a quota', async (t) => {
  const { cloud, manage, list, unmanage } = await cloudWithHost(t);
  const { id } = await cloud.createAndWait({ size: 2 });
  assert.equal(await unmanage(id), 202);
  const [found] = (await list('volume', '', 'manageable_volumes/detail'))['manageable-volumes'];
  const reference = { 'source-name': `unmanaged-${id}` };
  const shown = { reference, size: 2, safe_to_manage: true, reason_not_safe: null, cinder_id: null, extra_info: null };
  assert.deepEqual(found, shown);
  assert.equal((await list('volume', '', 'os-volume-manage'))['manageable-volumes'].length, 1);
  await cloud.ask('PUT', `${cloud.at}/os-quota-sets/${cloud.at.slice(4)}`, { body: { quota_set: { gigabytes: 1 } } });
  const over = await manage({ ref: reference });
  assert.equal(over.status, 413, JSON.stringify(over.body));
  await cloud.ask('PUT', `${cloud.at}/os-quota-sets/${cloud.at.slice(4)}`, { body: { quota_set: { gigabytes: 9 } } });
  const former = { ref: { 'source-name': `volume-${id}` }, name: 'back', bootable: true, metadata: { k: 'v' } };
  const made = await manage(former, 'os-volume-manage');
  assert.deepEqual([made.status, made.body.volume.status], [202, 'managing']);
  const volume = await cloud.waitUntilStable(made.body.volume.id);
  const { status, size, name, bootable, metadata } = volume;
  assert.deepEqual([status, size, name, bootable, metadata], ['available', 2, 'back', 'true', { k: 'v' }]);
  assert.deepEqual(await list('volume'), { 'manageable-volumes': [] });
  assert.match((await manage(former)).body.badRequest.message, /does not exist, or is managed already/);
});

test('a snapshot is unmanaged, and managed again for a volume that is as large', async (t) => {
  const { cloud, manageSnapshot, list } = await cloudWithHost(t);
  const { id: volumeId } = await cloud.createAndWait({ size: 2 });
  const { id: small } = await cloud.createAndWait();
  const { id } = (await cloud.snapshot(volumeId)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(id)).status === 'available');
  assert.match((await cloud.act(volumeId, { 'os-unmanage': {} })).body.badRequest.message, /have snapshots/);
  const { status } = await cloud.ask('POST', `${cloud.at}/snapshots/${id}/action`, { body: { 'os-unmanage': {} } });
  await cloud.isGone(`/snapshots/${id}`);
  assert.equal(status, 202);
  const [found] = (await list('snapshot'))['manageable-snapshots'];
  assert.deepEqual(found, {
    reference: { 'source-name': `unmanaged-${id}` },
    size: 2,
    safe_to_manage: true,
    source_reference: null,
  });
  assert.match((await manageSnapshot({ volume_id: small, ref: found.reference })).body.badRequest.message, /has 2 GiB/);
  const made = await manageSnapshot({ volume_id: volumeId, ref: `_snapshot-${id}`, name: 'back' });
  assert.equal(made.status, 202);
  await until(async () => (await cloud.showSnapshot(made.body.snapshot.id)).status === 'available');
  const copy = await cloud.createAndWait({ snapshot_id: made.body.snapshot.id, size: 2 });
  assert.deepEqual([copy.status, copy.size], ['available', 2]);
});

test('a reference that is not in the list of its pool is refused, whatever it is', async (t) => {
  const { cloud, manage, unmanage } = await cloudWithHost(t);
  const { id } = await cloud.createAndWait();
  const { id: gone } = await cloud.createAndWait();
  await unmanage(gone);
  const references = ['/etc/passwd', `../${id}`, id, `volume-${id}`, '__proto__', '', ['x'], { a: 1 }, null, 5];
  for (const name of references)
    assert.equal((await manage({ ref: { 'source-name': name } })).status, 400, String(name));
  for (const ref of [{}, { 'source-id': '1' }, []]) assert.equal((await manage({ ref })).status, 400);
  const ref = { 'source-name': `unmanaged-${gone}` };
  assert.equal((await manage({ ref, host: 'nowhere@fake#fake' })).status, 503);
  assert.equal((await manage({ ref, host: null })).status, 400);
  assert.equal((await manage({ ref, volume_type: 'no such type' })).status, 404);
  const other = { name: 'of another pool', extra_specs: { volume_backend_name: 'ssd' } };
  await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: other } });
  assert.match((await manage({ ref, volume_type: other.name })).body.badRequest.message, /does not fit/);
  await cloud.ask('PUT', `${cloud.at}/os-services/disable`, { body: { host: 'store1', binary: 'cinder-volume' } });
  assert.equal((await manage({ ref })).status, 503);
});

test('the lists of what can be managed are sorted and paged; only administrators read them', async (t) => {
  const { cloud, list, unmanage } = await cloudWithHost(t);
  for (const size of [1, 2, 3]) await unmanage((await cloud.createAndWait({ size })).id);
  const sizes = async (query: string) =>
    (await list('volume', query))['manageable-volumes'].map(({ size }: { size: number }) => size);
  assert.deepEqual(await sizes('&sort=size:asc'), [1, 2, 3]);
  assert.deepEqual(await sizes('&sort=size&limit=1&offset=1'), [2]);
  const [first] = (await list('volume', '&sort=size&limit=1'))['manageable-volumes'];
  const marker = encodeURIComponent(`{'source-name': '${first.reference['source-name']}'}`);
  assert.deepEqual(await sizes(`&sort=size&marker=${marker}`), [2, 1]);
  const path = `${cloud.at}/manageable_volumes`;
  const ask = (query: string, asked: object = {}) => cloud.ask('GET', path + query, { version: '3.70', ...asked });
  for (const query of ['', `?host=${encodeURIComponent(pool)}&sort=name`]) assert.equal((await ask(query)).status, 400);
  assert.equal((await ask('?host=x', { role: 'member,reader' })).status, 403);
  assert.equal((await ask('?host=x', { version: '3.7' })).status, 404);
});

test('a failed manage leaves error_managing and the data unmanaged, and can be deleted', async (t) => {
  const cloud = await startVolumes(t);
  const { agent, store } = cloud.startHost({
    adopt: async (spec) => {
      await agent.adopt(spec);
      throw new Fault(507, 'insufficientStorage', 'the disk is full');
    },
  });
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  await cloud.act(id, { 'os-unmanage': {} });
  await cloud.isGone(`/volumes/${id}`);
  const body = { volume: { host: pool, ref: { 'source-name': `unmanaged-${id}` } } };
  const made = (await cloud.ask('POST', `${cloud.at}/os-volume-manage`, { body })).body.volume;
  await until(async () => (await cloud.show(made.id)).status === 'error_managing');
  assert.deepEqual(
    (await store.listUnmanaged()).map(({ name }) => name),
    [`unmanaged-${made.id}`],
  );
  assert.equal((await cloud.ask('DELETE', `${cloud.at}/volumes/${made.id}`)).status, 202);
  await cloud.isGone(`/volumes/${made.id}`);
});
