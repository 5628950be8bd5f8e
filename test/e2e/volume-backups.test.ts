/** Backups: created, restored, exported, imported, cancelled and refused. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { VolumeAgent } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { attach, startVolumes, startWithHost, until, type VolumeCloud, waitForHosts } from './volume-cloud.ts';

const version = '3.64';

async function open(t: TestContext, driver: Partial<VolumeAgent> = {}) {
  const cloud = await startWithHost(t, driver);
  return { ...cloud, ...callsOf(cloud) };
}

function callsOf({ ask, at }: VolumeCloud) {
  const post = (path: string, body: object) => ask('POST', `${at}/${path}`, { version, body });
  const backUp = (volumeId: string, more: object = {}) =>
    post('backups', { backup: { volume_id: volumeId, name: 'saved', ...more } });
  const showBackup = async (id: string) => (await ask('GET', `${at}/backups/${id}`, { version })).body?.backup;
  const settled = async (id: string) => {
    await until(async () => !/ing$/.test((await showBackup(id))?.status ?? ''));
    return showBackup(id);
  };
  const backUpAndWait = async (volumeId: string, more: object = {}) => {
    const { status, body } = await backUp(volumeId, more);
    assert.equal(status, 202, JSON.stringify(body));
    return settled(body.backup.id);
  };
  return { post, backUp, showBackup, settled, backUpAndWait };
}

test('a backup is stored, shown with its fields, renamed and deleted', async (t) => {
  const { ask, at, show, createAndWait, backUpAndWait, isGone } = await open(t);
  const volume = await createAndWait();
  const backup = await backUpAndWait(volume.id, { description: 'all', metadata: { a: 'b' } });
  assert.equal(backup.status, 'available');
  assert.equal(backup.size, 1);
  assert.equal(backup.container, 'volumebackups');
  assert.equal(backup.is_incremental, false);
  assert.equal(backup.has_dependent_backups, false);
  assert.deepEqual(backup.metadata, { a: 'b' });
  assert.equal((await show(volume.id)).status, 'available');
  const body = { backup: { name: 'renamed' } };
  assert.equal((await ask('PUT', `${at}/backups/${backup.id}`, { version, body })).body.backup.name, 'renamed');
  const listed = (await ask('GET', `${at}/backups?volume_id=${volume.id}`, { version })).body.backups;
  assert.deepEqual(
    listed.map(({ id }: { id: string }) => id),
    [backup.id],
  );
  assert.equal((await ask('DELETE', `${at}/backups/${backup.id}`)).status, 202);
  await isGone(`/backups/${backup.id}`);
});

test('incremental backups add to the newest one, which stays until they are deleted', async (t) => {
  const { ask, at, createAndWait, backUp, backUpAndWait, showBackup, isGone } = await open(t);
  const volume = await createAndWait();
  assert.equal((await backUp(volume.id, { incremental: true })).status, 400, 'there is nothing to add to');
  const first = await backUpAndWait(volume.id);
  const second = await backUpAndWait(volume.id, { incremental: true });
  assert.equal(second.is_incremental, true);
  assert.equal((await showBackup(first.id)).has_dependent_backups, true);
  const refused = await ask('DELETE', `${at}/backups/${first.id}`);
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.body), /Incremental backups exist/);
  for (const { id } of [second, first]) {
    await ask('DELETE', `${at}/backups/${id}`);
    await isGone(`/backups/${id}`);
  }
});

test('a backup is restored to a new volume, to one of its own making, and over an old one', async (t) => {
  const { post, show, create, createAndWait, waitUntilStable, backUpAndWait, showBackup } = await open(t);
  const volume = await createAndWait();
  const { id } = await backUpAndWait(volume.id);
  const made = (await post(`backups/${id}/restore`, { restore: { name: 'again' } })).body.restore;
  assert.equal((await waitUntilStable(made.volume_id)).status, 'available');
  assert.equal((await show(made.volume_id)).name, 'again');
  await until(async () => (await showBackup(id)).status === 'available');
  const named = (await create({ backup_id: id, size: 2 })).body.volume;
  assert.equal((await waitUntilStable(named.id)).size, 2);
  await until(async () => (await showBackup(id)).status === 'available');
  const over = await post(`backups/${id}/restore`, { restore: { volume_id: volume.id } });
  assert.deepEqual(over.body.restore, { backup_id: id, volume_id: volume.id, volume_name: 'data' });
  assert.equal((await waitUntilStable(volume.id)).status, 'available');
  await until(async () => (await showBackup(id)).status === 'available');
});

test('a restore that fails leaves the volume in error_restoring and the backup available', async (t) => {
  const full = new Fault(507, 'insufficientStorage', 'the disk is full');
  const { post, createAndWait, show, backUpAndWait, showBackup, messages } = await open(t, {
    restoreVolume: async () => Promise.reject(full),
  });
  const volume = await createAndWait();
  const { id } = await backUpAndWait(volume.id);
  await post(`backups/${id}/restore`, { restore: { volume_id: volume.id } });
  await until(async () => (await show(volume.id)).status === 'error_restoring');
  assert.equal((await showBackup(id)).status, 'available');
  assert.match((await messages())[0].user_message, /restore backup:.*the disk is full/);
});

test('a volume in use is stored through a snapshot, when the caller forces it', async (t) => {
  const taken: string[] = [];
  const dropped: string[] = [];
  const cloud = await open(t, {
    ensureSnapshot: async ({ id }) => void taken.push(id),
    ensureSnapshotGone: async ({ id }) => void dropped.push(id),
    ensureBackup: async ({ snapshotId }) => {
      assert.deepEqual(taken, [snapshotId]);
      return { objectCount: 1, storedBytes: 1 };
    },
  });
  const volume = await cloud.createAndWait();
  await attach(cloud, volume.id);
  assert.equal((await cloud.backUp(volume.id)).status, 400, 'without force');
  const backup = await cloud.backUpAndWait(volume.id, { force: true });
  assert.equal(backup.status, 'available');
  assert.deepEqual(dropped, taken);
  assert.equal((await cloud.show(volume.id)).status, 'in-use');
});

test('a volume that is detached while it is stored is available afterwards', async (t) => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const cloud = await open(t, {
    ensureBackup: async () => {
      await gate;
      return { objectCount: 1, storedBytes: 1 };
    },
  });
  const volume = await cloud.createAndWait();
  const attachment = await attach(cloud, volume.id);
  const { id } = (await cloud.backUp(volume.id, { force: true })).body.backup;
  await cloud.ask('DELETE', `/v3/attachments/${attachment}`, { version: '3.54', service: true });
  release();
  await cloud.settled(id);
  assert.equal((await cloud.show(volume.id)).status, 'available');
});

test('a snapshot is stored while its volume is used for something else', async (t) => {
  const { createAndWait, snapshot, showSnapshot, show, backUp, backUpAndWait } = await open(t);
  const [volume, other] = [await createAndWait(), await createAndWait()];
  const { id } = (await snapshot(volume.id)).body.snapshot;
  await until(async () => (await showSnapshot(id)).status === 'available');
  assert.equal((await backUp(other.id, { snapshot_id: id })).status, 400, 'the snapshot of another volume');
  const backup = await backUpAndWait(volume.id, { snapshot_id: id });
  assert.equal(backup.snapshot_id, id);
  assert.equal((await show(volume.id)).status, 'available');
});

test('a failed backup says why, leaves nothing behind, and its volume available', async (t) => {
  const gone: string[] = [];
  const { createAndWait, show, backUpAndWait, messages } = await open(t, {
    ensureBackup: async () => Promise.reject(new Fault(502, 'badGateway', 'The object store refuses the backup.')),
    ensureBackupGone: async ({ id }) => void gone.push(id),
  });
  const volume = await createAndWait();
  const backup = await backUpAndWait(volume.id);
  assert.equal(backup.status, 'error');
  assert.match(backup.fail_reason, /object store refuses/);
  assert.deepEqual(gone, [backup.id]);
  assert.equal((await show(volume.id)).status, 'available');
  assert.match((await messages())[0].user_message, /create backup/);
});

test('forcing the deletion of a backup under way cancels it', async (t) => {
  const { createAndWait, show, backUp, post, isGone } = await open(t, {
    ensureBackup: (_spec, replaced?: AbortSignal) =>
      new Promise((_resolve, reject) => replaced?.addEventListener('abort', () => reject(new Error('replaced')))),
  });
  const volume = await createAndWait();
  const { id } = (await backUp(volume.id)).body.backup;
  await until(async () => (await show(volume.id)).status === 'backing-up');
  assert.equal((await post(`backups/${id}/action`, { 'os-force_delete': {} })).status, 202);
  await isGone(`/backups/${id}`);
  assert.equal((await show(volume.id)).status, 'available');
});

test('an exported record is imported under another id, and its data stays as long as one backup has it', async (t) => {
  const { ask, at, createAndWait, backUpAndWait, post, settled, isGone, waitUntilStable } = await open(t);
  const volume = await createAndWait();
  const { id } = await backUpAndWait(volume.id);
  const record = (await ask('GET', `${at}/backups/${id}/export_record`)).body['backup-record'];
  const again = await post('backups/import_record', { 'backup-record': record });
  assert.equal(again.status, 400, 'it exists');
  const known = JSON.parse(Buffer.from(record.backup_url, 'base64').toString());
  const recordOf = (change: object) => ({
    'backup-record': { ...record, backup_url: Buffer.from(JSON.stringify({ ...known, ...change })).toString('base64') },
  });
  assert.equal((await post('backups/import_record', recordOf({ container: '../x' }))).status, 400);
  const imported = await post('backups/import_record', recordOf({ id: randomUUID() }));
  assert.equal(imported.status, 201);
  assert.equal((await settled(imported.body.backup.id)).status, 'available');
  await ask('DELETE', `${at}/backups/${id}`);
  await isGone(`/backups/${id}`);
  const restored = (await post(`backups/${imported.body.backup.id}/restore`, { restore: {} })).body.restore;
  assert.equal((await waitUntilStable(restored.volume_id)).status, 'available');
  const lost = await post('backups/import_record', recordOf({ id: randomUUID(), storedAs: randomUUID() }));
  assert.equal((await settled(lost.body.backup.id)).status, 'error', 'nobody has its data');
});

test('backups count for the quota, in number and in size', async (t) => {
  const { ask, at, createAndWait, backUp, backUpAndWait } = await open(t);
  const project = at.split('/').at(-1) ?? '';
  const limit = (quota_set: object) => ask('PUT', `${at}/os-quota-sets/${project}`, { body: { quota_set } });
  const volume = await createAndWait();
  await backUpAndWait(volume.id);
  await limit({ backups: 1 });
  assert.equal((await backUp(volume.id)).status, 413);
  await limit({ backups: 5, backup_gigabytes: 1 });
  const refused = await backUp(volume.id);
  assert.equal(refused.status, 413);
  assert.match(JSON.stringify(refused.body), /Backup gigabytes quota/);
  const { absolute } = (await ask('GET', `${at}/limits`)).body.limits;
  assert.deepEqual([absolute.totalBackupsUsed, absolute.totalBackupGigabytesUsed], [1, 1]);
});

test('each version shows the fields of a backup that it has', async (t) => {
  const { ask, at, createAndWait, backUpAndWait } = await open(t);
  const { id } = await backUpAndWait((await createAndWait()).id);
  const seen = async (asked: string) =>
    Object.keys((await ask('GET', `${at}/backups/${id}`, { version: asked })).body.backup);
  const changes = async (before: string, after: string) => {
    const known = await seen(before);
    return (await seen(after)).filter((name) => !known.includes(name));
  };
  assert.deepEqual(await changes('3.17', '3.18'), ['os-backup-project-attr:project_id']);
  assert.deepEqual(await changes('3.42', '3.43'), ['metadata']);
  assert.deepEqual(await changes('3.55', '3.56'), ['user_id']);
});

test('a host without a store of backups refuses them, and is listed without that service', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost({}, 'store1', { backups: undefined } as never);
  await waitForHosts(cloud, 1);
  const { backUp } = callsOf(cloud);
  assert.equal((await backUp((await cloud.createAndWait()).id)).status, 503);
  const { services } = (await cloud.ask('GET', `${cloud.at}/os-services?binary=cinder-backup`)).body;
  assert.deepEqual(services, []);
});
