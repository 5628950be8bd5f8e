import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { settingsOf } from '#shared/config/settings.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { openDoor } from '#shared/service/door.ts';
import { section } from './config.ts';
import { placement as dialect } from './dialect.ts';
import { providers } from './migrations/001-providers.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

interface Asked {
  readonly version?: string;
  readonly body?: unknown;
  readonly roles?: string;
}
interface Candidate {
  readonly allocations: Record<string, { resources: Record<string, number> }>;
  readonly mappings: Record<string, string[]>;
}

const sorted = (texts: readonly string[]) => texts.toSorted((one, other) => (one < other ? -1 : 1));

/** On sqlite, or on a server: WATTLE_TEST_MYSQL is mysql://user:password@host:port. */
async function open(t: TestContext) {
  const server = process.env.WATTLE_TEST_MYSQL;
  const schema = `wattle_t_${randomUUID().slice(0, 8)}`;
  const db = openDatabase(server ? `${server}/${schema}` : 'sqlite::memory:');
  await migrate(db, [providers]);
  const identify = async (header: (name: string) => string | undefined, requestId: string) => ({
    ...{ userId: 'u', userName: 'u', userDomainId: 'default', projectId: 'mine', projectName: 'p', token: '' },
    ...{ projectDomainId: 'default', domainId: null, system: false, serviceRoles: [], requestId },
    roles: (header('x-roles') ?? 'admin').split(','),
  });
  const config = settingsOf({}).read('placement', section);
  const at = { host: '127.0.0.1', port: 0 };
  const service = { db, config, log: silentLog() };
  const door = await openDoor({ name: 'placement', service, routes, policy, dialect, identify, log: silentLog(), at });
  t.after(async () => {
    await door.close();
    if (server) await db.raw('DROP SCHEMA ??', [schema]);
    await db.destroy();
  });
  const ask = async (method: string, path: string, { version = '1.39', body, roles }: Asked = {}) => {
    const answer = await fetch(`http://127.0.0.1:${door.port}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'openstack-api-version': `placement ${version}`,
        ...(roles ? { 'x-roles': roles } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed = text ? JSON.parse(text) : {};
    return { status: answer.status, headers: answer.headers, body: parsed, error: parsed.errors?.[0] };
  };
  /** A provider with its inventory and traits. */
  const provide = async (
    name: string,
    stock: Record<string, number | object>,
    { traits = [], parent, aggregates = [] }: { traits?: string[]; parent?: string; aggregates?: string[] } = {},
  ): Promise<string> => {
    const made = await ask('POST', '/resource_providers', {
      body: { name, ...(parent ? { parent_provider_uuid: parent } : {}) },
    });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const { uuid } = made.body;
    const inventories = Object.fromEntries(
      Object.entries(stock).map(([key, value]) => [key, typeof value === 'number' ? { total: value } : value]),
    );
    const put = await ask('PUT', `/resource_providers/${uuid}/inventories`, {
      body: { resource_provider_generation: 0, inventories },
    });
    assert.equal(put.status, 200, JSON.stringify(put.body));
    const tagged = await ask('PUT', `/resource_providers/${uuid}/traits`, {
      body: { resource_provider_generation: 1, traits },
    });
    assert.equal(tagged.status, 200, JSON.stringify(tagged.body));
    const placed = await ask('PUT', `/resource_providers/${uuid}/aggregates`, {
      body: { resource_provider_generation: 2, aggregates },
    });
    assert.equal(placed.status, 200, JSON.stringify(placed.body));
    return uuid;
  };
  const claim = (uuid: string, resources: Record<string, Record<string, number>>, generation: number | null = null) =>
    ask('PUT', `/allocations/${uuid}`, {
      body: {
        allocations: Object.fromEntries(Object.entries(resources).map(([key, value]) => [key, { resources: value }])),
        project_id: 'mine',
        user_id: 'me',
        consumer_generation: generation,
        consumer_type: 'INSTANCE',
      },
    });
  const usage = async (uuid: string) => (await ask('GET', `/resource_providers/${uuid}/usages`)).body.usages;
  const candidates = async (query: string, version = '1.39') => {
    const { status, body, error } = await ask('GET', `/allocation_candidates?${query}`, { version });
    assert.equal(status, 200, JSON.stringify(error));
    return body as { allocation_requests: Candidate[]; provider_summaries: Record<string, Record<string, unknown>> };
  };
  const givers = async (query: string) =>
    (await candidates(query)).allocation_requests.map(({ allocations }) => sorted(Object.keys(allocations)));
  return { ask, provide, claim, usage, candidates, givers };
}

test('a provider is made, named, shown as each version shows it, and deleted', async (t) => {
  const { ask } = await open(t);
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
  const twin = await ask('POST', '/resource_providers', { body: { name: 'host-1' } });
  assert.deepEqual([twin.status, twin.error.code], [409, 'placement.duplicate_name']);
  assert.equal((await ask('PUT', `/resource_providers/${uuid}`, { body: { name: 'host-2' } })).body.name, 'host-2');
  assert.equal((await ask('GET', '/resource_providers?name=host-2')).body.resource_providers.length, 1);
  assert.equal((await ask('DELETE', `/resource_providers/${uuid}`)).status, 204);
  const gone = await ask('GET', `/resource_providers/${uuid}`);
  assert.deepEqual([gone.status, gone.error.code], [404, 'placement.resource_provider.not_found']);
});

test('a change by somebody who saw an older generation is refused', async (t) => {
  const { ask, provide } = await open(t);
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

test('what is allocated is counted, bounded, and given back', async (t) => {
  const { ask, provide, claim, usage } = await open(t);
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

test('a consumer is changed by who saw it as it is', async (t) => {
  const { provide, claim } = await open(t);
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

test('of many who want the last of it at once, as many get it as there is', async (t) => {
  const { provide, claim, usage } = await open(t);
  const host = await provide('a', { VCPU: 5 });
  const answers = await Promise.all(Array.from({ length: 12 }, () => claim(randomUUID(), { [host]: { VCPU: 1 } })));
  assert.equal(answers.filter(({ status }) => status === 204).length, 5);
  assert.deepEqual(await usage(host), { VCPU: 5 });
});

test('several consumers change together, or none does', async (t) => {
  const { ask, provide, claim, usage } = await open(t);
  const [a, b] = [await provide('a', { VCPU: 2 }), await provide('b', { VCPU: 2 })];
  const [server, migration] = [randomUUID(), randomUUID()];
  await claim(server, { [a]: { VCPU: 2 } });
  const who = { project_id: 'mine', user_id: 'me', consumer_type: 'INSTANCE' };
  const move = (amount: number) => ({
    [migration]: {
      ...who,
      consumer_generation: null,
      consumer_type: 'MIGRATION',
      allocations: { [a]: { resources: { VCPU: 2 } } },
    },
    [server]: { ...who, consumer_generation: 1, allocations: { [b]: { resources: { VCPU: amount } } } },
  });
  assert.equal((await ask('POST', '/allocations', { body: move(3) })).status, 409);
  assert.deepEqual([await usage(a), await usage(b)], [{ VCPU: 2 }, { VCPU: 0 }]);
  assert.equal((await ask('POST', '/allocations', { body: move(1) })).status, 204);
  assert.deepEqual([await usage(a), await usage(b)], [{ VCPU: 2 }, { VCPU: 1 }]);
});

test('usages of a project are summed, from 1.38 by type of consumer', async (t) => {
  const { ask, provide, claim } = await open(t);
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

test('candidates are those with room, with what was asked for and without what was not', async (t) => {
  const { provide, claim, candidates, givers } = await open(t);
  const aggregate = randomUUID();
  const big = await provide(
    'big',
    { VCPU: 8, MEMORY_MB: 4096 },
    { traits: ['COMPUTE_NODE', 'HW_CPU_X86_AVX2'], aggregates: [aggregate] },
  );
  const small = await provide('small', { VCPU: 1, MEMORY_MB: 4096 }, { traits: ['COMPUTE_NODE'] });
  assert.deepEqual(await givers('resources=VCPU:2,MEMORY_MB:64'), [[big]]);
  assert.deepEqual(sorted((await givers('resources=VCPU:1')).flat()), sorted([big, small]));
  assert.deepEqual(await givers('resources=VCPU:1&required=HW_CPU_X86_AVX2'), [[big]]);
  assert.deepEqual(await givers('resources=VCPU:1&required=!HW_CPU_X86_AVX2'), [[small]]);
  assert.deepEqual(await givers('resources=VCPU:1&required=in:HW_CPU_X86_AVX2,HW_CPU_X86_AVX'), [[big]]);
  assert.deepEqual(await givers(`resources=VCPU:1&member_of=${aggregate}`), [[big]]);
  assert.deepEqual(await givers(`resources=VCPU:1&member_of=!${aggregate}`), [[small]]);
  assert.deepEqual(await givers(`resources=VCPU:1&in_tree=${small}`), [[small]]);
  assert.equal((await givers('resources=VCPU:1&limit=1')).length, 1);
  await claim(randomUUID(), { [small]: { VCPU: 1 } });
  assert.deepEqual(await givers('resources=VCPU:1'), [[big]]);
  const { allocation_requests, provider_summaries } = await candidates('resources=VCPU:1');
  assert.deepEqual(allocation_requests[0]?.mappings, { '': [big] });
  assert.deepEqual(provider_summaries[big], {
    resources: { VCPU: { capacity: 8, used: 0 }, MEMORY_MB: { capacity: 4096, used: 0 } },
    traits: ['COMPUTE_NODE', 'HW_CPU_X86_AVX2'],
    parent_provider_uuid: null,
    root_provider_uuid: big,
  });
});

test('resources come from a tree, and from those who share with it', async (t) => {
  const { provide, candidates, givers } = await open(t);
  const aggregate = randomUUID();
  const root = await provide('root', { MEMORY_MB: 4096 }, { aggregates: [aggregate] });
  const [left, right] = [
    await provide('left', { VCPU: 4, SRIOV_NET_VF: 2 }, { parent: root }),
    await provide('right', { VCPU: 4, SRIOV_NET_VF: 2 }, { parent: root, traits: ['HW_NUMA_ROOT'] }),
  ];
  const disks = await provide(
    'disks',
    { DISK_GB: 100 },
    { aggregates: [aggregate], traits: ['MISC_SHARES_VIA_AGGREGATE'] },
  );
  const some = (await givers('resources=VCPU:1,MEMORY_MB:64,DISK_GB:10')).map((each) => each.join());
  assert.deepEqual(
    new Set(some),
    new Set(
      [
        [left, root, disks],
        [right, root, disks],
      ].map((each) => sorted(each).join()),
    ),
  );
  assert.deepEqual(await givers('resources1=VCPU:4&required1=HW_NUMA_ROOT'), [[right]]);
  const apart = await candidates('resources1=SRIOV_NET_VF:1&resources2=SRIOV_NET_VF:1&group_policy=isolate');
  assert.equal(apart.allocation_requests.length, 2);
  const anyhow = await candidates('resources1=SRIOV_NET_VF:2&resources2=SRIOV_NET_VF:2&group_policy=none');
  assert.equal(anyhow.allocation_requests.length, 2, 'two from one provider would be four');
  const together = 'resources_a=VCPU:1&resources_b=SRIOV_NET_VF:1&same_subtree=_a,_b&group_policy=none';
  assert.deepEqual(sorted((await givers(together)).flat()), sorted([left, right]));
  assert.deepEqual((await candidates('resources=VCPU:1,MEMORY_MB:64', '1.28')).allocation_requests, []);
  assert.equal(Object.keys((await candidates('resources=VCPU:1')).provider_summaries).length, 3);
});

test('a tree takes another shape only from 1.37 on, and never that of a ring', async (t) => {
  const { ask, provide } = await open(t);
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

test('providers are searched by what they have left, can, and belong to', async (t) => {
  const { ask, provide } = await open(t);
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

test('classes and traits: the known ones stay, custom ones come and go', async (t) => {
  const { ask, provide } = await open(t);
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

test('one inventory is added, changed and taken away', async (t) => {
  const { ask, provide } = await open(t);
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

test('a reshape moves inventory and who uses it in one go', async (t) => {
  const { ask, provide, claim, usage } = await open(t);
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

test('versions: a route that is not there yet, one too new, and the form of errors', async (t) => {
  const { ask } = await open(t);
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

test('old clients: a list of allocations, nobody named', async (t) => {
  const { ask, provide, candidates } = await open(t);
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
