import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, admin, openImages } from '../../../test/fakes/image-api.ts';

test('an image is changed by JSON patch, in both versions of the format', async (t) => {
  const { ask, make, upload } = await openImages(t);
  const id = await make();
  const patch = (changes: unknown, version = '2.1', asked: Asked = {}) =>
    ask('PATCH', `/v2/images/${id}`, {
      ...asked,
      body: changes,
      headers: { 'content-type': `application/openstack-images-v${version}-json-patch` },
    });
  const done = await patch([
    { op: 'add', path: '/os_distro', value: 'tiny' },
    { op: 'replace', path: '/name', value: 'new' },
    { op: 'replace', path: '/tags', value: ['x'] },
    { op: 'add', path: '/a~1b', value: '1' },
  ]);
  const shown = done.body as Record<string, unknown>;
  assert.deepEqual(
    [done.status, shown.os_distro, shown.name, shown.tags, shown['a/b']],
    [200, 'tiny', 'new', ['x'], '1'],
  );
  assert.equal((await patch([{ remove: '/a~1b' }], '2.0')).status, 200);
  const statusOf = async (change: object, asked: Asked = {}) => (await patch([change], '2.1', asked)).status;
  assert.equal(await statusOf({ op: 'remove', path: '/nothing' }), 409);
  assert.equal(await statusOf({ op: 'replace', path: '/nothing', value: '' }), 409);
  assert.equal(await statusOf({ op: 'remove', path: '/name' }), 403);
  assert.equal(await statusOf({ op: 'replace', path: '/status', value: 'active' }), 403);
  assert.equal(await statusOf({ op: 'replace', path: '/visibility', value: 'public' }), 403);
  assert.equal(await statusOf({ op: 'replace', path: '/owner', value: 'theirs' }), 403);
  assert.equal(await statusOf({ op: 'replace', path: '/min_disk', value: -1 }), 400);
  assert.equal(await statusOf({ op: 'move', path: '/name' }), 400);
  assert.equal((await patch([], '2.9')).status, 415);
  assert.equal(await statusOf({ op: 'replace', path: '/visibility', value: 'public' }, admin), 200);
  await upload(id, Buffer.from('x'));
  assert.equal(await statusOf({ op: 'replace', path: '/disk_format', value: 'qcow2' }), 403);
  assert.equal(await statusOf({ op: 'replace', path: '/protected', value: true }), 200);
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 403);
});

test('a deactivated image can be shown but not downloaded', async (t) => {
  const { ask, make, upload } = await openImages(t);
  const id = await make();
  assert.equal((await ask('POST', `/v2/images/${id}/actions/deactivate`)).status, 403);
  await upload(id, Buffer.from('x'));
  assert.equal((await ask('POST', `/v2/images/${id}/actions/deactivate`)).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 403);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'deactivated');
  assert.equal((await ask('POST', `/v2/images/${id}/actions/reactivate`)).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 200);
});

test('tags are added and removed, and exceeded limits are reported with their numbers', async (t) => {
  const { ask, make } = await openImages(t);
  const id = await make();
  assert.equal((await ask('PUT', `/v2/images/${id}/tags/x`)).status, 204);
  assert.equal((await ask('DELETE', `/v2/images/${id}/tags/x`)).status, 204);
  assert.equal((await ask('DELETE', `/v2/images/${id}/tags/x`)).status, 404);
  const many = Object.fromEntries(Array.from({ length: 129 }, (_, n) => [`p${n}`, '']));
  const refused = await ask('POST', '/v2/images', { body: many });
  assert.deepEqual([refused.status, refused.body.message.match(/\d+/g)], [413, ['129', '128']]);
});

test('bad requests are refused with a message, in HTML or JSON', async (t) => {
  const { ask } = await openImages(t);
  const statusOf = async (body: unknown) => (await ask('POST', '/v2/images', { body })).status;
  assert.equal(await statusOf({ disk_format: 'floppy' }), 400);
  assert.equal(await statusOf({ visibility: 'nobody' }), 400);
  assert.equal(await statusOf({ size: 3 }), 403);
  assert.equal(await statusOf({ location: 'x' }), 403);
  assert.equal(await statusOf({ a: 1 }), 400);
  assert.equal(await statusOf({ id: 'not-a-uuid' }), 400);
  assert.equal(await statusOf([]), 400);
  for (const method of ['GET', 'DELETE']) assert.equal((await ask(method, '/v2/images/')).status, 404);
  assert.equal((await ask('DELETE', '/v2/images')).status, 405);
  const html = await ask('GET', '/v2/images/<b>', { headers: { accept: '*/*' } });
  assert.equal(html.status, 404);
  assert.match(html.headers.get('content-type') ?? '', /html/);
  assert.match(html.raw.toString(), /<title>404 Not Found<\/title>[\s\S]*No image found with ID &lt;b&gt;/);
});

test('versions, schemas and stores are listed', async (t) => {
  const { ask } = await openImages(t);
  assert.equal((await ask('GET', '/')).status, 300);
  assert.equal((await ask('GET', '/versions')).status, 200);
  for (const path of [
    'schemas/image',
    'schemas/images',
    'schemas/member',
    'schemas/members',
    'info/import',
    'info/stores',
  ])
    assert.equal((await ask('GET', `/v2/${path}`)).status, 200, path);
  assert.equal((await ask('GET', '/v2/info/stores/detail')).status, 403);
});
