import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

type Named = { name: string };
const flavor = { name: 'mine', ram: 256, vcpus: 1, disk: 1, id: 'auto' };

test('the first flavors are those of DevStack', async (t) => {
  const cloud = await startCloud(t);
  const { body } = await cloud.ask('GET', '/v2.1/flavors');
  assert.deepEqual(
    body.flavors.map(({ name }: Named) => name),
    ['m1.tiny', 'm1.small', 'm1.medium', 'm1.large', 'm1.nano', 'm1.xlarge', 'm1.micro'],
  );
});

test('a page begins behind its marker, in the order that was asked for', async (t) => {
  const cloud = await startCloud(t);
  const page = async (query: string) => {
    const { body } = await cloud.ask('GET', `/v2.1/flavors?sort_key=memory_mb&sort_dir=desc&${query}`);
    return body.flavors.map(({ name }: Named) => name);
  };
  assert.deepEqual(await page('limit=2'), ['m1.xlarge', 'm1.large']);
  assert.deepEqual(await page('limit=2&marker=4'), ['m1.medium', 'm1.small']);
  assert.deepEqual(await page('marker=84'), ['m1.nano']);
  assert.equal((await cloud.ask('GET', '/v2.1/flavors?marker=none')).status, 400);
});

test('a description comes with 2.55, extra specs with 2.61, a number for swap with 2.75', async (t) => {
  const cloud = await startCloud(t);
  const show = async (version: string) => (await cloud.ask('GET', '/v2.1/flavors/1', { version })).body.flavor;
  assert.equal('description' in (await show('2.54')), false);
  assert.equal((await show('2.55')).description, null);
  assert.equal('extra_specs' in (await show('2.60')), false);
  assert.deepEqual((await show('2.61')).extra_specs, {});
  assert.equal((await show('2.74')).swap, '');
  assert.equal((await show('2.75')).swap, 0);
});

test('a private flavor is for those who were let in', async (t) => {
  const cloud = await startCloud(t);
  const input = { ...flavor, 'os-flavor-access:is_public': false };
  const { body } = await cloud.ask('POST', '/v2.1/flavors', { body: { flavor: input } });
  const path = `/v2.1/flavors/${body.flavor.id}`;
  const sees = async () => (await cloud.ask('GET', path, { role: 'member,reader', project: 'p9' })).status;
  assert.equal(await sees(), 404);
  const action = (name: string) => cloud.ask('POST', `${path}/action`, { body: { [name]: { tenant: 'p9' } } });
  assert.equal((await action('addTenantAccess')).status, 200);
  assert.equal(await sees(), 200);
  assert.equal((await action('addTenantAccess')).status, 409);
  assert.equal((await action('removeTenantAccess')).status, 200);
  assert.equal(await sees(), 404);
});

test('extra specs come and go', async (t) => {
  const cloud = await startCloud(t);
  const specs = '/v2.1/flavors/1/os-extra_specs';
  await cloud.ask('POST', specs, { body: { extra_specs: { a: 'b', c: '1' } } });
  assert.deepEqual((await cloud.ask('GET', specs)).body.extra_specs, { a: 'b', c: '1' });
  assert.equal((await cloud.ask('DELETE', `${specs}/a`)).status, 200);
  assert.equal((await cloud.ask('DELETE', `${specs}/a`)).status, 404);
});

test('one name and one id once; a member makes none', async (t) => {
  const cloud = await startCloud(t);
  const make = (input: object, role = 'admin') =>
    cloud.ask('POST', '/v2.1/flavors', { role, body: { flavor: { ...flavor, ...input } } });
  assert.equal((await make({})).status, 200);
  assert.equal((await make({})).status, 409);
  assert.equal((await make({ name: 'other', id: '1' })).status, 409);
  assert.equal((await make({ name: 'third' }, 'member')).status, 403);
  assert.equal((await make({ name: 'fourth', colour: 'red' })).status, 400);
});
