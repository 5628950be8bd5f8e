/** Data of volumes that is replaced as one, and the older API of connections. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { attach, initiator, startVolumes, until, type VolumeCloud, waitForHosts } from './volume-cloud.ts';

async function snapshotted(cloud: VolumeCloud) {
  const volume = await cloud.createAndWait();
  const { id } = (await cloud.snapshot(volume.id)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(id)).status === 'available');
  return { volume, snapshotId: id as string };
}

test('a volume is reverted to its latest snapshot, and to no other', async (t) => {
  const replaced: unknown[] = [];
  const cloud = await startVolumes(t);
  cloud.startHost({ restoreVolume: async ({ source }) => void replaced.push(source) });
  await waitForHosts(cloud, 1);
  const { volume, snapshotId } = await snapshotted(cloud);
  const revert = (id: string) => cloud.act(volume.id, { revert: { snapshot_id: id } });
  assert.equal((await revert(randomUUID())).status, 400);
  assert.equal((await revert(snapshotId)).status, 202);
  await until(async () => (await cloud.show(volume.id)).status === 'available');
  assert.equal((await cloud.showSnapshot(snapshotId)).status, 'available');
  assert.deepEqual(replaced, [{ kind: 'snapshot', snapshotId, volumeId: volume.id }]);
  await attach(cloud, volume.id);
  assert.equal((await revert(snapshotId)).status, 400, 'it is in use');
  assert.equal((await cloud.act(volume.id, { revert: { snapshot_id: snapshotId } }, { version: '3.39' })).status, 404);
});

test('a revert that fails leaves the volume in error and the snapshot available', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost({ restoreVolume: async () => Promise.reject(new Fault(507, 'insufficientStorage', 'full')) });
  await waitForHosts(cloud, 1);
  const { volume, snapshotId } = await snapshotted(cloud);
  await cloud.act(volume.id, { revert: { snapshot_id: snapshotId } });
  await until(async () => (await cloud.show(volume.id)).status === 'error');
  assert.equal((await cloud.showSnapshot(snapshotId)).status, 'available');
  assert.match((await cloud.messages())[0].user_message, /revert to snapshot/);
});

test('a volume gets the data and the metadata of another image', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const volume = await cloud.createAndWait();
  const image = cloud.images.add({ name: 'newer' });
  const reimage = { 'os-reimage': { image_id: image.id } };
  assert.equal((await cloud.act(volume.id, reimage, { version: '3.67' })).status, 404);
  assert.equal((await cloud.act(volume.id, reimage)).status, 202);
  await until(async () => (await cloud.show(volume.id)).volume_image_metadata?.image_name === 'newer');
  const shown = await cloud.waitUntilStable(volume.id);
  assert.deepEqual([shown.status, shown.bootable], ['available', 'true']);
  await attach(cloud, volume.id);
  assert.equal((await cloud.act(volume.id, reimage)).status, 400, 'it is in use');
});

test('a host is connected without an attachment of its own, again with the same account, and disconnected', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const connector = { initiator, host: 'kvm1' };
  const connect = async () => (await cloud.act(id, { 'os-initialize_connection': { connector } })).body.connection_info;
  const info = await connect();
  assert.equal(info.driver_volume_type, 'iscsi');
  assert.equal(info.data.auth_method, 'CHAP');
  assert.ok(info.data.auth_password.length >= 12);
  assert.deepEqual((await connect()).data, info.data);
  const listed = async () => (await cloud.ask('GET', `/v3/attachments?volume_id=${id}`, { version: '3.54' })).body;
  assert.equal((await listed()).attachments.length, 1);
  const disconnect = () => cloud.act(id, { 'os-terminate_connection': { connector } });
  assert.equal((await disconnect()).status, 202);
  assert.equal((await disconnect()).status, 202);
  assert.equal((await listed()).attachments.length, 0);
  assert.equal((await cloud.show(id)).status, 'available');
  const nobody = await cloud.act(id, { 'os-initialize_connection': { connector: { host: 'kvm1' } } });
  assert.equal(nobody.status, 400);
});
