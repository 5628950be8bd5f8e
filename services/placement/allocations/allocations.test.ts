import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type Asked, openPlacement } from '../../../test/fakes/placement-api.ts';

test('allocations are counted, limited by capacity, and released', async (t) => {
  const { ask, provide, claim, usage } = await openPlacement(t);
  const host = await provide('a', {
    VCPU: { total: 4, allocation_ratio: 2 },
    MEMORY_MB: { total: 1024, reserved: 512, step_size: 64 },
  });
  const [one, two] = [randomUUID(), randomUUID()];
  assert.equal((await claim(one, { [host]: { VCPU: 6, MEMORY_MB: 256 } })).status, 204);
  assert.deepEqual(await usage(host), { MEMORY_MB: 256, VCPU: 6 });
  const full = await claim(two, { [host]: { VCPU: 3 } });
  assert.equal(full.status, 409);
  assert.match(full.error.detail, /would exceed the capacity/);
  assert.match((await claim(two, { [host]: { MEMORY_MB: 100 } })).error.detail, /violate inventory constraints/);
  assert.match((await claim(two, { [host]: { DISK_GB: 1 } })).error.detail, /'DISK_GB'.*invalid/);
  assert.equal((await claim(two, { [host]: { NOTHING: 1 } })).status, 400);
  assert.equal((await claim(two, { [randomUUID()]: { VCPU: 1 } })).status, 400);
  assert.deepEqual(await usage(host), { MEMORY_MB: 256, VCPU: 6 });

  assert.equal((await claim(one, { [host]: { VCPU: 8 } }, 1)).status, 204);
  assert.deepEqual(await usage(host), { MEMORY_MB: 0, VCPU: 8 });
  const shown = (await ask('GET', `/allocations/${one}`)).body;
  assert.deepEqual(shown.allocations[host].resources, { VCPU: 8 });
  assert.deepEqual([shown.consumer_generation, shown.consumer_type, shown.project_id], [2, 'INSTANCE', 'mine']);
  assert.deepEqual((await ask('GET', `/resource_providers/${host}/allocations`)).body.allocations[one].resources, {
    VCPU: 8,
  });

  const busy = await ask('DELETE', `/resource_providers/${host}`);
  assert.deepEqual([busy.status, busy.error.code], [409, 'placement.resource_provider.inuse']);
  const { generation } = (await ask('GET', `/resource_providers/${host}`)).body;
  const used = await ask('PUT', `/resource_providers/${host}/inventories`, {
    body: { resource_provider_generation: generation, inventories: {} },
  });
  assert.deepEqual([used.status, used.error.code], [409, 'placement.inventory.inuse']);
  assert.equal((await ask('DELETE', `/allocations/${one}`)).status, 204);
  assert.equal((await ask('DELETE', `/allocations/${one}`)).status, 404);
  assert.deepEqual(await usage(host), { MEMORY_MB: 0, VCPU: 0 });
  assert.equal((await ask('DELETE', `/resource_providers/${host}`)).status, 204);
});

test('a consumer is changed only with its current generation', async (t) => {
  const { provide, claim } = await openPlacement(t);
  const host = await provide('a', { VCPU: 4 });
  const consumer = randomUUID();
  assert.equal((await claim(consumer, { [host]: { VCPU: 1 } }, 3)).status, 409);
  assert.equal((await claim(consumer, { [host]: { VCPU: 1 } })).status, 204);
  const late = await claim(consumer, { [host]: { VCPU: 2 } });
  assert.deepEqual([late.status, late.error.code], [409, 'placement.concurrent_update']);
  assert.equal((await claim(consumer, { [host]: { VCPU: 2 } }, 1)).status, 204);
  assert.equal((await claim(consumer, {}, 2)).status, 204);
  assert.equal((await claim(consumer, { [host]: { VCPU: 1 } })).status, 204);
});

test('concurrent allocations never exceed the capacity', async (t) => {
  const { provide, claim, usage } = await openPlacement(t);
  const host = await provide('a', { VCPU: 5 });
  const answers = await Promise.all(Array.from({ length: 12 }, () => claim(randomUUID(), { [host]: { VCPU: 1 } })));
  assert.equal(answers.filter(({ status }) => status === 204).length, 5);
  assert.deepEqual(await usage(host), { VCPU: 5 });
});

test('several consumers are changed in one transaction', async (t) => {
  const { ask, provide, claim, usage } = await openPlacement(t);
  const [a, b] = [await provide('a', { VCPU: 2 }), await provide('b', { VCPU: 2 })];
  const [server, migration] = [randomUUID(), randomUUID()];
  await claim(server, { [a]: { VCPU: 2 } });
  const caller = { project_id: 'mine', user_id: 'me', consumer_type: 'INSTANCE' };
  const move = (amount: number) => ({
    [migration]: {
      ...caller,
      consumer_generation: null,
      consumer_type: 'MIGRATION',
      allocations: { [a]: { resources: { VCPU: 2 } } },
    },
    [server]: { ...caller, consumer_generation: 1, allocations: { [b]: { resources: { VCPU: amount } } } },
  });
  assert.equal((await ask('POST', '/allocations', { body: move(3) })).status, 409);
  assert.deepEqual([await usage(a), await usage(b)], [{ VCPU: 2 }, { VCPU: 0 }]);
  assert.equal((await ask('POST', '/allocations', { body: move(1) })).status, 204);
  assert.deepEqual([await usage(a), await usage(b)], [{ VCPU: 2 }, { VCPU: 1 }]);
});

test('usages of a project are summed, from 1.38 by type of consumer', async (t) => {
  const { ask, provide, claim } = await openPlacement(t);
  const host = await provide('a', { VCPU: 9 });
  for (let n = 0; n < 2; n += 1) await claim(randomUUID(), { [host]: { VCPU: 2 } });
  const usages = async (query: string, asked: Asked = {}) => (await ask('GET', `/usages?${query}`, asked)).body.usages;
  assert.deepEqual(await usages('project_id=mine', { version: '1.9' }), { VCPU: 4 });
  assert.deepEqual(await usages('project_id=mine'), { INSTANCE: { VCPU: 4, consumer_count: 2 } });
  assert.deepEqual(await usages('project_id=mine&consumer_type=all'), { all: { VCPU: 4, consumer_count: 2 } });
  assert.deepEqual(await usages('project_id=theirs'), {});
  assert.equal((await ask('GET', '/usages')).status, 400);
  assert.deepEqual(await usages('project_id=mine', { roles: 'reader', version: '1.9' }), { VCPU: 4 });
  assert.equal((await ask('GET', '/usages?project_id=theirs', { roles: 'reader' })).status, 403);
});

test('a reshape moves inventories and their allocations in one transaction', async (t) => {
  const { ask, provide, claim, usage } = await openPlacement(t);
  const root = await provide('root', { VCPU: 4, VGPU: 2 });
  const child = await provide('gpu', {}, { parent: root });
  const server = randomUUID();
  await claim(server, { [root]: { VCPU: 2, VGPU: 1 } });
  const body = {
    inventories: {
      [root]: { resource_provider_generation: 4, inventories: { VCPU: { total: 4 } } },
      [child]: { resource_provider_generation: 3, inventories: { VGPU: { total: 2 } } },
    },
    allocations: {
      [server]: {
        allocations: { [root]: { resources: { VCPU: 2 } }, [child]: { resources: { VGPU: 1 } } },
        ...{ project_id: 'mine', user_id: 'me', consumer_generation: 1, consumer_type: 'INSTANCE' },
      },
    },
  };
  assert.equal((await ask('POST', '/reshaper', { body })).status, 403);
  const done = await ask('POST', '/reshaper', { body, roles: 'service' });
  assert.equal(done.status, 204, JSON.stringify(done.body));
  assert.deepEqual([await usage(root), await usage(child)], [{ VCPU: 2 }, { VGPU: 1 }]);
});

test('version 1.0: a list of allocations, without project and user', async (t) => {
  const { ask, provide, candidates } = await openPlacement(t);
  const host = await provide('a', { VCPU: 4 });
  const { allocation_requests } = await candidates('resources=VCPU:1', '1.10');
  const consumer = randomUUID();
  assert.equal(
    (await ask('PUT', `/allocations/${consumer}`, { version: '1.0', body: allocation_requests[0] })).status,
    204,
  );
  const shown = await ask('GET', `/allocations/${consumer}`, { version: '1.0' });
  assert.deepEqual(shown.body, { allocations: { [host]: { generation: 4, resources: { VCPU: 1 } } } });
});
