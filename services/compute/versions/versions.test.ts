import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

test('versions need no token, with or without the final slash', async (t) => {
  const cloud = await startCloud(t);
  for (const path of ['/v2.1', '/v2.1/']) {
    const answer = await fetch(cloud.url + path);
    const { version } = (await answer.json()) as { version: { version: string; min_version: string } };
    assert.deepEqual([answer.status, version.min_version, version.version], [200, '2.1', '2.100']);
  }
});

test('a response has its version in both headers, and Vary names them', async (t) => {
  const cloud = await startCloud(t);
  const { headers } = await cloud.ask('GET', '/v2.1/flavors', { version: '2.61' });
  assert.equal(headers.get('openstack-api-version'), 'compute 2.61');
  assert.equal(headers.get('x-openstack-nova-api-version'), '2.61');
  assert.equal(headers.get('vary'), 'OpenStack-API-Version, X-OpenStack-Nova-API-Version');
  assert.match(headers.get('x-compute-request-id') ?? '', /^req-/);
});

test('an invalid version is 400, an unsupported one 406', async (t) => {
  const cloud = await startCloud(t);
  assert.equal((await cloud.ask('GET', '/v2.1/flavors', { version: 'two' })).status, 400);
  const { status, body } = await cloud.ask('GET', '/v2.1/flavors', { version: '2.999' });
  assert.deepEqual([status, body.computeFault.code], [406, 406]);
  assert.equal((await cloud.ask('GET', '/v2.1/flavors', { version: 'latest' })).status, 200);
});

test('a request without a token is 401 with the URL of identity', async (t) => {
  const cloud = await startCloud(t);
  const answer = await fetch(`${cloud.url}/v2.1/servers`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('www-authenticate'), 'Keystone uri="http://identity"');
  assert.equal(((await answer.json()) as { error: { code: number } }).error.code, 401);
});

test('a route outside its versions is 404', async (t) => {
  const cloud = await startCloud(t);
  const status = async (path: string, version: string) => (await cloud.ask('GET', path, { version })).status;
  assert.equal(await status('/v2.1/os-hypervisors/statistics', '2.87'), 200);
  assert.equal(await status('/v2.1/os-hypervisors/statistics', '2.88'), 404);
  assert.equal(await status('/v2.1/images', '2.35'), 200);
  assert.equal(await status('/v2.1/images', '2.36'), 404);
});
