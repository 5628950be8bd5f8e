import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, admin, openImages, sorted } from '../../../test/fakes/image-api.ts';

test('visibility: an image is seen by its project, by all, or by its members', async (t) => {
  const { ask, make } = await openImages(t);
  const [own, open_, common] = [
    await make({ name: 'own' }),
    await make({ name: 'open', visibility: 'public' }, admin),
    await make({ name: 'common', visibility: 'community' }),
  ];
  const names = async (asked: Asked, query = '') =>
    sorted((await ask('GET', `/v2/images${query}`, asked)).body.images.map(({ name }) => name));
  const theirs = { project: 'theirs' };
  assert.deepEqual(await names({}), ['common', 'open', 'own']);
  assert.deepEqual(await names(theirs), ['open']);
  assert.deepEqual(await names(theirs, '?visibility=community'), ['common']);
  assert.equal((await ask('GET', `/v2/images/${own}`, theirs)).status, 404);
  assert.equal((await ask('GET', `/v2/images/${common}`, theirs)).status, 200);
  assert.equal((await ask('DELETE', `/v2/images/${open_}`, theirs)).status, 403);
  assert.equal((await ask('POST', '/v2/images', { body: { visibility: 'public' } })).status, 403);
  assert.equal((await ask('POST', '/v2/images', { body: { owner: 'theirs' } })).status, 403);

  assert.equal((await ask('POST', `/v2/images/${own}/members`, { body: { member: 'theirs' } })).body.status, 'pending');
  assert.equal((await ask('POST', `/v2/images/${own}/members`, { body: { member: 'theirs' } })).status, 409);
  assert.equal((await ask('GET', `/v2/images/${own}`, theirs)).status, 200);
  assert.deepEqual(await names(theirs), ['open']);
  const accept = { body: { status: 'accepted' } };
  assert.equal((await ask('PUT', `/v2/images/${own}/members/theirs`, accept)).status, 403);
  assert.equal((await ask('PUT', `/v2/images/${own}/members/theirs`, { ...theirs, ...accept })).status, 200);
  assert.deepEqual(await names(theirs), ['open', 'own']);
  assert.equal((await ask('DELETE', `/v2/images/${own}/members/theirs`)).status, 204);
  assert.equal((await ask('GET', `/v2/images/${own}`, theirs)).status, 404);
});

test('lists are filtered, sorted and paged', async (t) => {
  const { ask, make } = await openImages(t);
  for (const name of ['c', 'a', 'd', 'b'])
    await make({ name, os_distro: name < 'c' ? 'debian' : 'other', tags: [`t-${name}`] });
  await make({ name: 'hidden', os_hidden: true });
  const list = async (query: string) => (await ask('GET', `/v2/images?${query}`)).body;
  const names = async (query: string) => (await list(query)).images.map(({ name }) => name);
  assert.deepEqual(await names('sort=name:asc'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(await names('sort_key=name&sort_dir=desc'), ['d', 'c', 'b', 'a']);
  assert.deepEqual(await names('name=in:a,"d"&sort=name:asc'), ['a', 'd']);
  assert.deepEqual(await names('os_distro=debian&sort=name:asc'), ['a', 'b']);
  assert.deepEqual(await names('tag=t-c'), ['c']);
  assert.deepEqual(await names('os_hidden=true'), ['hidden']);
  assert.deepEqual(await names('created_at=gt:2100-01-01T00:00:00Z'), []);
  const seen: string[] = [];
  for (let page = 'sort=size:asc,name:desc&limit=3'; page; ) {
    const { images, next } = await list(page);
    seen.push(...images.map(({ name }) => name));
    page = next?.split('?')[1] ?? '';
  }
  assert.deepEqual(seen, ['d', 'c', 'b', 'a']);
  for (const bad of [
    'limit=x',
    'limit=-1',
    'sort=colour',
    'visibility=none',
    'size_min=x',
    'marker=nobody',
    'protected=1',
  ])
    assert.equal((await ask('GET', `/v2/images?${bad}`)).status, 400, bad);
});

test('a reader can read and change nothing', async (t) => {
  const { ask, make } = await openImages(t);
  const id = await make();
  const reader = { roles: 'reader' };
  assert.equal((await ask('GET', `/v2/images/${id}`, reader)).status, 200);
  assert.equal((await ask('GET', '/v2/images', reader)).status, 200);
  assert.equal((await ask('POST', '/v2/images', { ...reader, body: {} })).status, 403);
  assert.equal((await ask('DELETE', `/v2/images/${id}`, reader)).status, 403);
});
