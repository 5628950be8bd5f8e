/** Volumes move between pools: by a migration, and by a change of type. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { attach, startVolumes, waitForHosts } from './volume-cloud.ts';

const version = '3.70';

/** A volume on store1, and a store2 that may refuse to take it. */
async function twoHosts(t: TestContext, refuses = false) {
  const cloud = await startVolumes(t);
  const first = cloud.startHost();
  await waitForHosts(cloud, 1);
  const volume = await cloud.createAndWait();
  const refused = () => Promise.reject(new Fault(507, 'insufficientStorage', 'the disk is full'));
  const second = cloud.startHost(refuses ? { restoreVolume: refused } : {}, 'store2');
  await waitForHosts(cloud, 2);
  const migrate = (input: object, id = volume.id) => cloud.act(id, { 'os-migrate_volume': input });
  const held = async () => [(await first.store.stored()).volumes.length, (await second.store.stored()).volumes.length];
  return { cloud, volume, migrate, held };
}

test('a volume migrates to the pool that an administrator names, and leaves nothing behind', async (t) => {
  const { cloud, volume, migrate, held } = await twoHosts(t);
  const { status } = await migrate({ host: 'store2@fake#fake', force_host_copy: true });
  assert.equal(status, 202);
  const moved = await cloud.waitUntilStable(volume.id);
  const { 'os-vol-host-attr:host': host, 'os-vol-mig-status-attr:migstat': state, migration_status } = moved;
  assert.deepEqual(
    [moved.status, host, state, migration_status],
    ['available', 'store2@fake#fake', 'success', 'success'],
  );
  assert.deepEqual(await held(), [0, 1]);
  const listed = await cloud.ask('GET', `${cloud.at}/volumes?migration_status=success`, { version });
  assert.deepEqual(
    listed.body.volumes.map(({ id }: { id: string }) => id),
    [volume.id],
  );
  await cloud.ask('DELETE', `${cloud.at}/volumes/${volume.id}`);
  await cloud.isGone(`/volumes/${volume.id}`);
  assert.deepEqual(await held(), [0, 0]);
});

test('a migration that fails leaves the volume where it is, with the reason in a message', async (t) => {
  const { cloud, volume, migrate, held } = await twoHosts(t, true);
  await migrate({ host: 'store2@fake' });
  const left = await cloud.waitUntilStable(volume.id);
  const { 'os-vol-host-attr:host': host, migration_status: state } = left;
  assert.deepEqual([left.status, host, state], ['available', 'store1@fake#fake', 'error']);
  assert.deepEqual(await held(), [1, 0]);
  assert.match((await cloud.messages())[0].user_message, /^migrate volume:/);
  await cloud.act(volume.id, { 'os-reset_status': { migration_status: 'none' } });
  assert.equal((await cloud.show(volume.id)).migration_status, null);
});

test('a volume that is in use, has snapshots or is there already does not migrate', async (t) => {
  const { cloud, volume, migrate } = await twoHosts(t);
  const cannot = async (input: object, reason: RegExp, id = volume.id) => {
    const { status, body } = await migrate(input, id);
    assert.equal(status, 400);
    assert.match(body.badRequest.message, reason);
  };
  await cannot({ host: 'store1@fake#fake' }, /destination must be another host/);
  await cannot({ host: 'nowhere@fake#fake' }, /No available service named/);
  await cannot({ host: null }, /Host must be specified/);
  await cannot({ cluster: 'c' }, /There are no clusters/);
  const completion = { 'os-migrate_volume_completion': { new_volume: randomUUID() } };
  assert.match((await cloud.act(volume.id, completion)).body.badRequest.message, /not mid-migration/);
  await cloud.snapshot(volume.id);
  await cannot({ host: 'store2@fake' }, /have snapshots/);
  const { id: used } = await cloud.createAndWait();
  const other =
    (await cloud.show(used))['os-vol-host-attr:host'] === 'store1@fake#fake' ? 'store2@fake' : 'store1@fake';
  await attach(cloud, used);
  await cannot({ host: other }, /volumes in use do not move/, used);
  const member = { role: 'member,reader', version };
  assert.equal((await cloud.act(used, { 'os-migrate_volume': { host: other } }, member)).status, 403);
});

test('a new type whose pool is another one moves the volume, if the policy is on-demand', async (t) => {
  const { cloud, volume, held } = await twoHosts(t);
  cloud.startHost({}, 'store3', {
    pools: [{ name: 'ssd', driver: 'fake', totalGb: 9, freeGb: 9, thin: false, features: [] }],
  });
  await waitForHosts(cloud, 3);
  const type = { name: 'fast', extra_specs: { volume_backend_name: 'ssd' } };
  await cloud.ask('POST', `${cloud.at}/types`, { body: { volume_type: type } });
  const retype = (policy: object) => cloud.act(volume.id, { 'os-retype': { new_type: 'fast', ...policy } });
  for (const policy of [{}, { migration_policy: 'never' }])
    assert.match((await retype(policy)).body.badRequest.message, /The policy on-demand moves it/);
  assert.equal((await retype({ migration_policy: 'on-demand' })).status, 202);
  const moved = await cloud.waitUntilStable(volume.id);
  assert.deepEqual(
    [moved.status, moved.volume_type, moved['os-vol-host-attr:host']],
    ['available', 'fast', 'store3@fake#ssd'],
  );
  assert.deepEqual(await held(), [0, 0]);
});
