import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud, until } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

const path = '/v2.1/os-aggregates';

test('an aggregate is created, renamed, listed and deleted; its uuid is shown from 2.41 on', async (t) => {
  const cloud = await startCloud(t);
  const create = (name: string) => cloud.ask('POST', path, { body: { aggregate: { name, availability_zone: 'z' } } });
  const { body } = await create(' racks ');
  const { id, name, availability_zone: zone, ...rest } = body.aggregate;
  assert.deepEqual([name, zone, rest.deleted, rest.deleted_at, rest.updated_at], ['racks', 'z', false, null, null]);
  assert.deepEqual([rest.hosts, rest.metadata, rest.uuid], [undefined, undefined, undefined]);
  assert.equal((await create('racks')).status, 409);
  const shown = (await cloud.ask('GET', `${path}/${id}`, { version: '2.41' })).body.aggregate;
  assert.deepEqual([shown.hosts, shown.metadata], [[], { availability_zone: 'z' }]);
  assert.match(shown.uuid, /^[0-9a-f-]{36}$/);
  const change = { name: 'rows', availability_zone: null };
  const changed = (await cloud.ask('PUT', `${path}/${id}`, { body: { aggregate: change } })).body.aggregate;
  assert.deepEqual([changed.name, changed.availability_zone, changed.metadata], ['rows', null, {}]);
  assert.notEqual(changed.updated_at, null);
  assert.equal((await cloud.ask('GET', path)).body.aggregates.length, 1);
  assert.equal((await cloud.ask('DELETE', `${path}/${id}`)).status, 200);
  for (const missing of [id, `${id}x`, 'x']) assert.equal((await cloud.ask('GET', `${path}/${missing}`)).status, 404);
});

test('actions of an aggregate add and remove hosts, and set metadata', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const { body } = await cloud.ask('POST', path, { body: { aggregate: { name: 'a' } } });
  const one = `${path}/${body.aggregate.id}`;
  const act = (action: object) => cloud.ask('POST', `${one}/action`, { version: '2.41', body: action });
  assert.deepEqual((await act({ add_host: { host: 'kvm1' } })).body.aggregate.hosts, ['kvm1']);
  assert.equal((await act({ add_host: { host: 'kvm1' } })).status, 409);
  assert.equal((await act({ add_host: { host: 'nobody' } })).status, 404);
  const set = await act({ set_metadata: { metadata: { ssd: 'true', old: null } } });
  assert.deepEqual(set.body.aggregate.metadata, { ssd: 'true' });
  assert.equal((await cloud.ask('DELETE', one)).status, 400);
  assert.deepEqual((await act({ remove_host: { host: 'kvm1' } })).body.aggregate.hosts, []);
  assert.equal((await act({ remove_host: { host: 'kvm1' } })).status, 404);
});
