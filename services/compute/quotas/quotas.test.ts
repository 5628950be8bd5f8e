import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectId, startCloud } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

const path = `/v2.1/os-quota-sets/${projectId}`;

test('later versions show fewer limits', async (t) => {
  const cloud = await startCloud(t);
  const keys = async (version: string) =>
    Object.keys((await cloud.ask('GET', path, { version })).body.quota_set).length;
  assert.equal(await keys('2.1'), 15);
  assert.equal(await keys('2.36'), 11);
  assert.equal(await keys('2.57'), 8);
});

test('an administrator changes a quota, launches respect it, and a delete restores the defaults', async (t) => {
  const cloud = await startCloud(t);
  await cloud.ask('PUT', path, { body: { quota_set: { instances: 0 } } });
  const { status, body } = await cloud.launch();
  const message = 'Quota exceeded for instances: Requested 1, but already used 0 of 0 instances';
  assert.deepEqual([status, body.forbidden.message], [403, message]);
  assert.equal((await cloud.ask('DELETE', path)).status, 202);
  assert.equal((await cloud.launch()).status, 202);
});

test('the default class changes the defaults of all projects', async (t) => {
  const cloud = await startCloud(t);
  await cloud.ask('PUT', '/v2.1/os-quota-class-sets/default', { body: { quota_class_set: { cores: 3 } } });
  assert.equal((await cloud.ask('GET', path)).body.quota_set.cores, 3);
});

test('a quota cannot go below its usage unless forced; members cannot change it', async (t) => {
  const cloud = await startCloud(t);
  await cloud.launch();
  const put = (quota_set: object, role = 'admin') => cloud.ask('PUT', path, { role, body: { quota_set } });
  assert.equal((await put({ instances: 0 })).status, 400);
  assert.equal((await put({ instances: 0, force: true })).status, 200);
  assert.equal((await put({ instances: 9 }, 'member')).status, 403);
});

test('the limits of another project are refused', async (t) => {
  const cloud = await startCloud(t);
  const status = async (role: string) => (await cloud.ask('GET', path, { role, project: 'other' })).status;
  assert.equal(await status('reader'), 403);
  assert.equal(await status('admin'), 200);
});
