import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openPlacement, sorted } from '../../../test/fakes/placement-api.ts';

test('a provider is created, renamed, shown in each version, and deleted', async (t) => {
  const { ask } = await openPlacement(t);
  const old = await ask('POST', '/resource_providers', { version: '1.0', body: { name: 'host-1' } });
  assert.equal(old.status, 201);
  const uuid = old.headers.get('location')?.split('/').at(-1) ?? '';
  const shown = (await ask('GET', `/resource_providers/${uuid}`)).body;
  assert.deepEqual(
    [shown.name, shown.generation, shown.parent_provider_uuid, shown.root_provider_uuid],
    ['host-1', 0, null, uuid],
  );
  const atFirst = (await ask('GET', `/resource_providers/${uuid}`, { version: '1.0' })).body;
  assert.deepEqual(sorted(Object.keys(atFirst)), ['generation', 'links', 'name', 'uuid']);
  assert.deepEqual(
    atFirst.links.map(({ rel }: { rel: string }) => rel),
    ['self', 'inventories', 'usages'],
  );
  const duplicate = await ask('POST', '/resource_providers', { body: { name: 'host-1' } });
  assert.deepEqual([duplicate.status, duplicate.error.code], [409, 'placement.duplicate_name']);
  assert.equal((await ask('PUT', `/resource_providers/${uuid}`, { body: { name: 'host-2' } })).body.name, 'host-2');
  assert.equal((await ask('GET', '/resource_providers?name=host-2')).body.resource_providers.length, 1);
  assert.equal((await ask('DELETE', `/resource_providers/${uuid}`)).status, 204);
  const gone = await ask('GET', `/resource_providers/${uuid}`);
  assert.deepEqual([gone.status, gone.error.code], [404, 'placement.resource_provider.not_found']);
});

test('a change with an outdated generation is refused', async (t) => {
  const { ask, provide } = await openPlacement(t);
  const uuid = await provide('a', { VCPU: 4 });
  const late = { resource_provider_generation: 0, inventories: { VCPU: { total: 8 } } };
  for (const [path, body] of [
    ['inventories', late],
    ['traits', { resource_provider_generation: 0, traits: [] }],
    ['aggregates', { resource_provider_generation: 0, aggregates: [] }],
  ] as const) {
    const refused = await ask('PUT', `/resource_providers/${uuid}/${path}`, { body });
    assert.deepEqual([refused.status, refused.error.code], [409, 'placement.concurrent_update'], path);
  }
});

test('a provider can be re-parented only from 1.37, and never into a cycle', async (t) => {
  const { ask, provide } = await openPlacement(t);
  const [one, two] = [await provide('one', {}), await provide('two', {})];
  const child = await provide('child', {}, { parent: one });
  const under = (uuid: string, parent: string | null, version = '1.39') =>
    ask('PUT', `/resource_providers/${uuid}`, { version, body: { name: `n-${uuid}`, parent_provider_uuid: parent } });
  assert.equal((await under(child, two, '1.36')).status, 400);
  assert.equal((await under(child, two)).body.root_provider_uuid, two);
  assert.equal((await under(two, child)).status, 400);
  const parent = await ask('DELETE', `/resource_providers/${two}`);
  assert.deepEqual([parent.status, parent.error.code], [409, 'placement.resource_provider.cannot_delete_parent']);
  assert.equal((await under(child, null)).body.root_provider_uuid, child);
  assert.deepEqual((await ask('GET', `/resource_providers?in_tree=${two}`)).body.resource_providers.length, 1);
});

test('providers are filtered by free resources, traits and aggregates', async (t) => {
  const { ask, provide } = await openPlacement(t);
  const aggregate = randomUUID();
  await provide('a', { VCPU: 4 }, { traits: ['HW_CPU_X86_AVX2'], aggregates: [aggregate] });
  await provide('b', { VCPU: 1 });
  const names = async (query: string) =>
    (await ask('GET', `/resource_providers?${query}`)).body.resource_providers.map(
      ({ name }: { name: string }) => name,
    );
  assert.deepEqual(await names(''), ['a', 'b']);
  assert.deepEqual(await names('resources=VCPU:2'), ['a']);
  assert.deepEqual(await names('required=HW_CPU_X86_AVX2'), ['a']);
  assert.deepEqual(await names('required=!HW_CPU_X86_AVX2'), ['b']);
  assert.deepEqual(await names(`member_of=in:${aggregate},${randomUUID()}`), ['a']);
  for (const bad of [
    'colour=red',
    'resources=VCPU',
    'resources=NOTHING:1',
    'required=CUSTOM_NOBODY',
    'member_of=x',
    'uuid=x',
  ])
    assert.equal((await ask('GET', `/resource_providers?${bad}`)).status, 400, bad);
});

test('a provider has the capacity that its inventory leaves, in units that the inventory allows', async (t) => {
  const { ask, provide } = await openPlacement(t);
  // capacity: floor((5 - 2) * 1.5) = 4
  await provide('a', {
    VCPU: { total: 5, reserved: 2, allocation_ratio: 1.5, min_unit: 2, max_unit: 4, step_size: 2 },
  });
  const fits = async (amount: number, path = 'resource_providers') => {
    const { body } = await ask('GET', `/${path}?resources=VCPU:${amount}`);
    return (body.resource_providers ?? body.allocation_requests).length > 0;
  };
  for (const path of ['resource_providers', 'allocation_candidates'])
    assert.deepEqual(
      [await fits(1, path), await fits(2, path), await fits(3, path), await fits(4, path), await fits(6, path)],
      [false, true, false, true, false],
      path,
    );
});

test('classes and traits: standard ones cannot be changed, custom ones can', async (t) => {
  const { ask, provide } = await openPlacement(t);
  assert.equal((await ask('PUT', '/traits/CUSTOM_RAID')).status, 201);
  assert.equal((await ask('PUT', '/traits/CUSTOM_RAID')).status, 204);
  assert.equal((await ask('PUT', '/traits/raid')).status, 400);
  const host = await provide('a', { VCPU: 1 }, { traits: ['CUSTOM_RAID'] });
  assert.equal((await ask('DELETE', '/traits/CUSTOM_RAID')).status, 409);
  assert.deepEqual((await ask('GET', '/traits?associated=true')).body.traits, ['CUSTOM_RAID']);
  assert.deepEqual((await ask('GET', '/traits?name=startswith:CUSTOM_')).body.traits, ['CUSTOM_RAID']);
  assert.equal((await ask('DELETE', `/resource_providers/${host}/traits`)).status, 204);
  assert.equal((await ask('DELETE', '/traits/CUSTOM_RAID')).status, 204);
  assert.equal((await ask('DELETE', '/traits/HW_CPU_X86_AVX2')).status, 400);
  assert.equal((await ask('GET', '/traits/HW_CPU_X86_AVX2')).status, 204);

  assert.equal((await ask('PUT', '/resource_classes/CUSTOM_GOLD')).status, 201);
  assert.equal((await ask('PUT', '/resource_classes/CUSTOM_GOLD')).status, 204);
  assert.equal((await ask('POST', '/resource_classes', { body: { name: 'CUSTOM_GOLD' } })).status, 409);
  assert.equal(
    (await ask('PUT', '/resource_classes/CUSTOM_GOLD', { version: '1.2', body: { name: 'CUSTOM_IRON' } })).status,
    200,
  );
  assert.equal((await ask('GET', '/resource_classes/CUSTOM_IRON')).status, 200);
  assert.equal((await ask('DELETE', '/resource_classes/VCPU')).status, 400);
  assert.equal((await ask('DELETE', '/resource_classes/CUSTOM_IRON')).status, 204);
  assert.ok((await ask('GET', '/resource_classes')).body.resource_classes.length > 15);
});

test('one inventory is added, changed and deleted', async (t) => {
  const { ask, provide } = await openPlacement(t);
  const host = await provide('a', { VCPU: 4 });
  const path = `/resource_providers/${host}/inventories`;
  const added = await ask('POST', path, { body: { resource_class: 'DISK_GB', total: 10 } });
  assert.deepEqual([added.status, added.body.resource_provider_generation], [201, 4]);
  assert.equal((await ask('POST', path, { body: { resource_class: 'DISK_GB', total: 10 } })).status, 409);
  const changed = await ask('PUT', `${path}/DISK_GB`, {
    body: { resource_provider_generation: 4, total: 20, reserved: 20 },
  });
  assert.deepEqual([changed.status, changed.body.reserved], [200, 20]);
  const early = { resource_provider_generation: 5, total: 20, reserved: 20 };
  assert.equal((await ask('PUT', `${path}/DISK_GB`, { version: '1.25', body: early })).status, 400);
  assert.equal((await ask('DELETE', `${path}/DISK_GB`)).status, 204);
  assert.equal((await ask('GET', `${path}/DISK_GB`)).status, 404);
  assert.equal((await ask('DELETE', path)).status, 204);
  assert.deepEqual((await ask('GET', path)).body.inventories, {});
});

test('versions: a route before its first version, an unsupported version, and the error format', async (t) => {
  const { ask } = await openPlacement(t);
  assert.equal((await ask('GET', '/traits', { version: '1.5' })).status, 404);
  const tooNew = await ask('GET', '/traits', { version: '1.40' });
  assert.deepEqual([tooNew.status, tooNew.error.min_version, tooNew.error.max_version], [406, '1.0', '1.39']);
  const bad = await ask('POST', '/resource_providers', { body: { name: 'a', colour: 'red' } });
  assert.equal(bad.status, 400);
  assert.deepEqual(sorted(Object.keys(bad.error)), ['code', 'detail', 'request_id', 'status', 'title']);
  assert.match(bad.error.detail, /JSON does not validate: .*'colour' was unexpected/);
  assert.equal('code' in (await ask('POST', '/resource_providers', { version: '1.22', body: {} })).error, false);
  assert.equal((await ask('GET', '/resource_providers', { roles: 'member' })).status, 403);
  const root = await ask('GET', '/');
  assert.equal(root.body.versions[0].max_version, '1.39');
  assert.equal(root.headers.get('openstack-api-version'), 'placement 1.39');
});

test('uuids of aggregates and parents are accepted with or without dashes, in either case', async (t) => {
  const { ask, provide } = await openPlacement(t);
  const [aggregate, parent] = [randomUUID(), randomUUID()];
  const bare = (uuid: string) => uuid.replaceAll('-', '').toUpperCase();
  const root = await ask('POST', '/resource_providers', { body: { name: 'root', uuid: bare(parent) } });
  assert.equal(root.body.uuid, parent);
  const child = await ask('POST', '/resource_providers', {
    body: { name: 'child', parent_provider_uuid: bare(parent) },
  });
  assert.equal(child.body.parent_provider_uuid, parent);
  const host = await provide('host', { VCPU: 1 }, { aggregates: [bare(aggregate), aggregate] });
  assert.deepEqual((await ask('GET', `/resource_providers/${host}/aggregates`)).body.aggregates, [aggregate]);
  const found = await ask('GET', `/resource_providers?member_of=${bare(aggregate)}`);
  assert.deepEqual(
    found.body.resource_providers.map(({ uuid }: { uuid: string }) => uuid),
    [host],
  );
  const { generation } = (await ask('GET', `/resource_providers/${host}`)).body;
  const odd = { aggregates: ['not-a-uuid'], resource_provider_generation: generation };
  assert.equal((await ask('PUT', `/resource_providers/${host}/aggregates`, { body: odd })).status, 400);
});
