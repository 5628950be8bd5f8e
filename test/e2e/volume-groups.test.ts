/** Groups of volumes, their types, snapshots and copies. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { VolumeAgent } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { attach, startWithHost, until, type VolumeCloud } from './volume-cloud.ts';

const version = '3.58';

async function open(t: TestContext, driver: Partial<VolumeAgent> = {}) {
  const cloud = await startWithHost(t, driver);
  return { ...cloud, ...callsOf(cloud) };
}

function callsOf({ ask, at }: VolumeCloud) {
  const post = (path: string, body: object) => ask('POST', `${at}/${path}`, { version, body });
  const get = async (path: string, asked = version) => (await ask('GET', `${at}/${path}`, { version: asked })).body;
  const createGroup = async (specs: Record<string, string> = {}): Promise<string> => {
    const group_type = { name: `type ${randomUUID()}`, group_specs: specs };
    const type = (await post('group_types', { group_type })).body.group_type.id;
    const group = { name: 'web', group_type: type, volume_types: ['__DEFAULT__'] };
    const { status, body } = await post('groups', { group });
    assert.equal(status, 202);
    return body.group.id;
  };
  const isSettled = (path: string, one: string, status: string) =>
    until(async () => (await get(path))?.[one]?.status === status);
  const isGone = (path: string) => until(async () => (await ask('GET', `${at}/${path}`, { version })).status === 404);
  return { post, get, createGroup, isSettled, isGone };
}

test('a group type has specs, and cannot be deleted while it has groups', async (t) => {
  const { ask, at, post, get, createGroup } = await open(t);
  const id = await createGroup();
  const type = (await get(`groups/${id}`)).group.group_type;
  const specs = `group_types/${type}/group_specs`;
  assert.equal((await post(specs, { group_specs: { a: '1' } })).status, 202);
  assert.deepEqual((await ask('PUT', `${at}/${specs}/a`, { version, body: { a: '2' } })).body, { a: '2' });
  assert.deepEqual((await get(`group_types/${type}`)).group_type.group_specs, { a: '2' });
  assert.equal((await ask('DELETE', `${at}/${specs}/a`, { version })).status, 202);
  assert.equal((await ask('GET', `${at}/${specs}/a`, { version })).status, 404);
  assert.equal((await ask('DELETE', `${at}/group_types/${type}`, { version })).status, 400);
  const body = { group_type: { name: 'renamed', is_public: false } };
  assert.equal((await ask('PUT', `${at}/group_types/${type}`, { version, body })).body.group_type.name, 'renamed');
  const seen = await ask('GET', `${at}/group_types/${type}`, { version, role: 'member,reader' });
  assert.equal(seen.status, 404, 'private');
});

test('volumes join a group and leave it; those in it are deleted with it', async (t) => {
  const { ask, at, get, post, createGroup, createAndWait, isGone } = await open(t);
  const id = await createGroup();
  const inGroup = await createAndWait({ group_id: id });
  const other = await createAndWait();
  assert.equal(inGroup.group_id, id);
  const change = (body: object) => ask('PUT', `${at}/groups/${id}`, { version, body: { group: body } });
  assert.equal((await change({ add_volumes: other.id })).status, 202);
  const { group } = await get(`groups/${id}?list_volume=true`);
  assert.deepEqual(new Set(group.volumes), new Set([inGroup.id, other.id]));
  assert.equal((await ask('DELETE', `${at}/volumes/${other.id}`)).status, 400, 'it is in a group');
  assert.equal((await change({ remove_volumes: other.id })).status, 202);
  assert.equal((await change({})).status, 400);
  const remove = (flag: boolean) => post(`groups/${id}/action`, { delete: { 'delete-volumes': flag } });
  assert.equal((await remove(false)).status, 400);
  assert.equal((await remove(true)).status, 202);
  await isGone(`groups/${id}`);
  assert.equal((await ask('GET', `${at}/volumes/${inGroup.id}`)).status, 404);
  assert.equal((await ask('GET', `${at}/volumes/${other.id}`)).status, 200);
});

test('a volume of a type that the group does not have cannot join', async (t) => {
  const { ask, at, createGroup, create } = await open(t);
  const id = await createGroup();
  await ask('POST', `${at}/types`, { body: { volume_type: { name: 'gold' } } });
  assert.equal((await create({ group_id: id, volume_type: 'gold' })).status, 400);
  assert.equal((await create({ group_id: randomUUID() })).status, 404);
});

test('a group snapshot has one of each volume, becomes a group of copies, and is deleted as one', async (t) => {
  const { ask, at, get, post, createGroup, createAndWait, isSettled, isGone } = await open(t);
  const id = await createGroup();
  await createAndWait({ group_id: id });
  await createAndWait({ group_id: id });
  const taken = (await post('group_snapshots', { group_snapshot: { group_id: id, name: 'now' } })).body.group_snapshot;
  await isSettled(`group_snapshots/${taken.id}`, 'group_snapshot', 'available');
  const { snapshots } = await get(`snapshots?group_snapshot_id=${taken.id}`);
  assert.equal(snapshots.length, 2);
  assert.equal((await ask('DELETE', `${at}/snapshots/${snapshots[0].id}`)).status, 400, 'it is of a group');
  const remove = { delete: { 'delete-volumes': true } };
  assert.equal((await post(`groups/${id}/action`, remove)).status, 400, 'it has group snapshots');

  for (const source of [{ group_snapshot_id: taken.id }, { source_group_id: id }]) {
    const copied = await post('groups/action', { 'create-from-src': { name: 'copy', ...source } });
    const copy = copied.body.group.id;
    await isSettled(`groups/${copy}`, 'group', 'available');
    assert.equal((await get(`groups/${copy}?list_volume=true`)).group.volumes.length, 2);
    const { volumes } = await get(`volumes/detail?group_id=${copy}`);
    assert.deepEqual(new Set(volumes.map((each: { status: string }) => each.status)), new Set(['available']));
    await post(`groups/${copy}/action`, remove);
    await isGone(`groups/${copy}`);
  }
  await ask('DELETE', `${at}/group_snapshots/${taken.id}`, { version });
  await isGone(`group_snapshots/${taken.id}`);
  assert.equal((await get('snapshots')).snapshots.length, 0);
});

test('a group snapshot of which one copy fails leaves no snapshot on the host', async (t) => {
  const full = new Fault(507, 'insufficientStorage', 'the disk is full');
  let calls = 0;
  const gone: string[] = [];
  const { post, createGroup, createAndWait, isSettled, messages } = await open(t, {
    ensureSnapshot: async () => {
      calls += 1;
      if (calls === 2) throw full;
    },
    ensureSnapshotGone: async ({ id }) => void gone.push(id),
  });
  const id = await createGroup();
  await createAndWait({ group_id: id });
  await createAndWait({ group_id: id });
  const taken = (await post('group_snapshots', { group_snapshot: { group_id: id } })).body.group_snapshot;
  await isSettled(`group_snapshots/${taken.id}`, 'group_snapshot', 'error');
  assert.equal(gone.length, 2);
  assert.match((await messages())[0].user_message, /create group snapshot/);
});

test('a consistent group is snapshotted only while none of its volumes is in use', async (t) => {
  const cloud = await open(t);
  const id = await cloud.createGroup({ consistent_group_snapshot_enabled: '<is> True' });
  const volume = await cloud.createAndWait({ group_id: id });
  await attach(cloud, volume.id);
  const refused = await cloud.post('group_snapshots', { group_snapshot: { group_id: id } });
  assert.equal(refused.status, 400);
  assert.match(JSON.stringify(refused.body), /consistent.*detach/);
});

test('groups count for the quota, and their statuses can be reset', async (t) => {
  const { ask, at, get, post, createGroup } = await open(t);
  const project = at.split('/').at(-1) ?? '';
  await ask('PUT', `${at}/os-quota-sets/${project}`, { body: { quota_set: { groups: 1 } } });
  const id = await createGroup();
  const { group_type } = (await get(`groups/${id}`)).group;
  const more = await post('groups', { group: { group_type, volume_types: ['__DEFAULT__'] } });
  assert.equal(more.status, 413);
  assert.equal((await post(`groups/${id}/action`, { reset_status: { status: 'error' } })).status, 202);
  assert.equal((await get(`groups/${id}`)).group.status, 'error');
  assert.equal((await post(`groups/${id}/action`, { reset_status: { status: 'gone' } })).status, 400);
});

test('each version shows the fields of a group that it has', async (t) => {
  const { get, createGroup } = await open(t);
  const id = await createGroup();
  const seen = async (asked: string) => Object.keys((await get(`groups/${id}`, asked)).group);
  assert.equal((await seen('3.13')).includes('group_snapshot_id'), false);
  assert.ok((await seen('3.14')).includes('source_group_id'));
  assert.ok((await seen('3.38')).includes('replication_status'));
  assert.ok((await seen('3.58')).includes('project_id'));
});
