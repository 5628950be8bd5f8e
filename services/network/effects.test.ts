/** Nothing is accepted and then ignored: every attribute of every body and every filter of every list has an effect. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ApiDocument, openDocument } from '#shared/api/document.ts';
import { availabilities } from './availability/resource.ts';
import { type Json, refusal, startCloud } from './cloud.test.ts';
import { admin, type World, walks, worldOf } from './effects-table.test.ts';
import { pathOf } from './resources/resource.ts';

const document: ApiDocument = openDocument(join(import.meta.dirname, '../../openapi/network'));

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const schemaOf = (method: string, path: string): Schema =>
  (document.operation(method, path)?.requestBody?.content?.['application/json']?.schema ?? {}) as Schema;
const attributesOf = (method: string, path: string, one: string) =>
  schemaOf(method, path).properties?.[one]?.properties ?? {};

/** Names of what the schema takes and the samples lack, also inside objects and lists of objects. */
function unproven(attributes: Readonly<Record<string, Schema>>, samples: readonly Json[], known: Json): string[] {
  return Object.entries(attributes).flatMap(([name, { properties, items }]) => {
    if (Object.hasOwn(known, name)) return [];
    const values = samples.flatMap((sample) => (Object.hasOwn(sample, name) ? [sample[name]].flat() : []));
    const inner = Object.keys(properties ?? items?.properties ?? {});
    const lacking = inner.filter((key) => !values.some((value) => Object.hasOwn(value as object, key)));
    return samples.some((sample) => Object.hasOwn(sample, name)) ? lacking.map((key) => `${name}.${key}`) : [name];
  });
}

/** Some numbers are shown as text. */
const asShown = (sent: unknown, shown: unknown) =>
  typeof sent === 'number' && typeof shown === 'string' ? String(sent) : sent;

function assertShown(sent: Json, shown: Json, before: Json, required: Json, what: string): void {
  for (const [name, value] of Object.entries(sent)) {
    assert.deepEqual(shown[name], asShown(value, shown[name]), `${what} shows ${name} as it was sent`);
    if (!Object.hasOwn(required, name))
      assert.notDeepEqual(before[name], shown[name], `${what}: the sample of ${name} is what it would be without it`);
  }
}

const settings = { flatNetworks: ['public', 'other'] };

for (const walk of walks) {
  const { definition, refused = {}, fixed = {}, elsewhere = {} } = walk;
  const { one } = definition;
  const path = pathOf(definition).replace(/:(\w+)/g, '{$1}');
  const collection = path.slice('/v2.0/'.length);
  /** The collection with the ids of what it is part of. */
  const inWorld = (world: World) =>
    collection.replace(/\{(\w+)\}/g, (_, param: string) => String(walk.within?.(world)[param]));
  const make = async (world: World, more: Json) =>
    (await world.cloud.make(inWorld(world), { [one]: { ...(await walk.least(world)), ...more } }, admin)) as Json;

  test(`every attribute of ${collection} has an effect`, async (t) => {
    const world = await worldOf(await startCloud(t, { settings }));
    const { cloud } = world;
    const [creates, updates] = [walk.creates(world), walk.updates?.(world) ?? []];
    const known = { ...elsewhere, ...refused };
    const least = await walk.least(world);
    assert.deepEqual(unproven(attributesOf('post', path, one), [least, ...creates], known), []);
    const item = `${path}/{id}`;
    assert.deepEqual(unproven(attributesOf('put', item, one), updates, { ...known, ...fixed }), []);
    const taken = { ...attributesOf('post', path, one), ...attributesOf('put', item, one) };
    assert.deepEqual(
      Object.keys(known).filter((name) => !Object.hasOwn(taken, name)),
      [],
      'entries without an attribute',
    );

    const plain = await make(world, {});
    for (const body of creates) assertShown(body, await make(world, body), plain, least, `a new ${one}`);
    for (const body of updates) {
      const before = await make(world, {});
      const answer = await cloud.ask('PUT', `/v2.0/${inWorld(world)}/${before.id}`, { [one]: body }, admin);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assertShown(body, await cloud.show(`${inWorld(world)}/${before.id}`, admin), before, {}, `an updated ${one}`);
    }
    for (const verb of ['post', 'put'] as const)
      for (const [name, value] of Object.entries(verb === 'put' ? { ...refused, ...fixed } : refused)) {
        const at = verb === 'put' ? item : path;
        if (!Object.hasOwn(attributesOf(verb, at, one), name)) continue;
        const body = { [one]: verb === 'put' ? { [name]: value } : { ...(await walk.least(world)), [name]: value } };
        const answer = await refusal(cloud, verb, at.slice(6).replace('{id}', String(plain.id)), body, admin);
        assert.equal(answer.status, 400, `${verb} ${name}`);
        assert.match(answer.message ?? '', name in fixed ? /provider/ : new RegExp(name));
      }
  });

  test(`every filter of ${collection} has an effect`, async (t) => {
    const world = await worldOf(await startCloud(t, { settings }));
    const { cloud } = world;
    const rows: Json[] = [];
    for (const body of walk.creates(world)) rows.push(await make(world, body));
    const [first = {}] = rows;
    const tagged = Object.hasOwn(definition.attributes, 'tags') && !definition.attributes.tags?.options.hidden;
    if (tagged) await cloud.ask('PUT', `${path}/${first.id}/tags`, { tags: ['red'] }, admin);
    await cloud.hostsInSync();
    const shown = await cloud.list(inWorld(world), admin);
    const special: Readonly<Record<string, readonly [string, string]>> = {
      tags: ['red', 'nosuch'],
      'tags-any': ['red', 'nosuch'],
      'not-tags': ['nosuch', 'red'],
      'not-tags-any': ['nosuch', 'red'],
      ...walk.filters?.(first, world),
    };
    const idsBy = async (name: string, value: string) => {
      const found = await cloud.list(`${inWorld(world)}?${name}=${encodeURIComponent(value)}`, admin);
      return found.map(({ id }) => id as unknown);
    };
    for (const [name, { type, options }] of Object.entries(definition.attributes)) {
      if (!options.filter || name === 'segment_id') continue; // no subnet has a segment
      assert.ok(tagged || !name.includes('tags'), `${name} filters what has no tags`);
      const row = Object.hasOwn(special, name) ? first : shown.find((each) => (each[name] ?? '') !== '');
      assert.ok(row, `no ${one} of this test has a value of ${name}`);
      const [has, hasNot] = special[name] ?? [String(row[name]), impossible(type.kind, row[name])];
      assert.ok((await idsBy(name, has)).includes(row.id), `${name}=${has} finds its own`);
      const others = await idsBy(name, hasNot);
      assert.ok(!others.includes(row.id), `${name}=${hasNot} does not find another`);
      if (!Object.hasOwn(special, name) && type.kind !== 'flag') assert.deepEqual(others, [], `${name}=${hasNot}`);
    }
    const unknown = await refusal(cloud, 'GET', `${inWorld(world)}?nosuch=1`, undefined, admin);
    assert.equal(unknown.message, "['nosuch'] is invalid attribute for filtering");
  });
}

function impossible(kind: string, own: unknown): string {
  if (kind === 'flag') return String(!own);
  return kind === 'number' ? '-7' : 'nosuch';
}

/** What is not created and updated as all resources are: by operation, with the proof of each property of the body. */
const others: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'put /v2.0/quotas/{}': { quota: 'the test of quotas below' },
  'post /v2.0/ports/{}/bindings': { binding: 'shown by the list: port-bindings.test.ts' },
  'put /v2.0/ports/{}/bindings/{}': { binding: 'shown by the list: port-bindings.test.ts' },
  'put /v2.0/routers/{}/add_extraroutes': { router: 'its routes are shown: atomic.test.ts' },
  'put /v2.0/routers/{}/remove_extraroutes': { router: 'the same' },
  'put /v2.0/ports/{}/add_allowed_address_pairs': { port: 'its pairs are shown: atomic.test.ts' },
  'put /v2.0/ports/{}/remove_allowed_address_pairs': { port: 'the same' },
  'put /v2.0/subnetpools/{}/add_prefixes': { prefixes: 'shown: atomic.test.ts' },
  'put /v2.0/subnetpools/{}/remove_prefixes': { prefixes: 'the same' },
  'post /v2.0/qos/policies/{}/bandwidth_limit_rules': {
    bandwidth_limit_rule: 'shown, and sent to hosts: qos.test.ts',
    bandwidth_limit_rules: 'a list of the same',
  },
  'put /v2.0/agents/{}': { agent: 'an agent that is off runs no router: test/e2e/router-lease.test.ts' },
  'post /v2.0/agents/{}/l3-routers': { router_id: 'the router moves there: test/e2e/router-lease.test.ts' },
  'put /v2.0/qos/policies/{}/bandwidth_limit_rules/{}': { bandwidth_limit_rule: 'the same' },
  'post /v2.0/qos/policies/{}/dscp_marking_rules': {
    dscp_marking_rule: 'shown, and sent to hosts: qos.test.ts',
    dscp_marking_rules: 'a list of the same',
  },
  'put /v2.0/qos/policies/{}/dscp_marking_rules/{}': { dscp_marking_rule: 'the same' },
  'put /v2.0/address-groups/{}/add_addresses': { addresses: 'shown, and sent to hosts: address-groups.test.ts' },
  'put /v2.0/address-groups/{}/remove_addresses': { addresses: 'the same' },
  'put /v2.0/routers/{}/add_router_interface': {
    subnet_id: 'the interface is in it: effects-elsewhere.test.ts',
    port_id: 'the interface is that port: effects-elsewhere.test.ts',
  },
  'put /v2.0/routers/{}/remove_router_interface': {
    subnet_id: 'the interface in it is removed: effects-elsewhere.test.ts',
    port_id: 'that interface is removed: effects-elsewhere.test.ts',
  },
};

test('every body is one of a resource above, of its tags, or has its own proof', () => {
  const walked = new Map(walks.map(({ definition }) => [pathOf(definition).replace(/:\w+/g, '{}'), definition]));
  for (const operation of document.names) {
    const [method = '', key = ''] = operation.split(' ');
    const { properties = {} } = schemaOf(method, key);
    const definition = walked.get(key.replace(/\/\{\}(\/tags)?$/, ''));
    const proven = key.endsWith('/tags')
      ? { tags: 'the filters above' }
      : (others[operation] ?? (definition && { [definition.one]: 'above', [definition.many]: 'a list of the same' }));
    for (const name of Object.keys(properties)) assert.ok(proven && name in proven, `${operation}: ${name}`);
  }
});

test('every quota is shown as it was set, and those of another project than the path are refused', async (t) => {
  const cloud = await startCloud(t);
  const {
    force: _,
    check_limit: __,
    project_id: ___,
    tenant_id: ____,
    ...limits
  } = attributesOf('put', '/v2.0/quotas/{id}', 'quota');
  const set = (quota: Json) => refusal(cloud, 'PUT', 'quotas/blue', { quota }, admin);
  for (const name of Object.keys(limits)) {
    assert.equal((await set({ [name]: 7 })).status, 200);
    assert.equal((await cloud.show('quotas/blue', admin))[name], 7, name);
  }
  await cloud.make('networks', { network: {} });
  for (const asked of [{ check_limit: true }, { check_limit: 'true', force: true }, { force: false }])
    assert.equal((await set({ network: 0, ...asked })).type, 'InvalidQuotaValue', JSON.stringify(asked));
  for (const asked of [{ check_limit: 'false' }, { force: true, project_id: 'blue', tenant_id: 'blue' }])
    assert.equal((await set({ network: 0, ...asked })).status, 200, JSON.stringify(asked));
  for (const named of ['project_id', 'tenant_id'])
    assert.match((await set({ network: 1, [named]: 'green' })).message ?? '', /'green' is not the project of the path/);
});

test('every filter of agents, zones and address counts has an effect, and an unknown one is refused', async (t) => {
  const { cloud, network } = await worldOf(await startCloud(t));
  await cloud.make('subnets', { subnet: { network_id: network.id, ip_version: 6, cidr: 'fd00:7::/64' } });
  const lists: Readonly<Record<string, readonly string[]>> = {
    agents: ['host', 'agent_type', 'binary', 'id', 'topic', 'availability_zone', 'admin_state_up', 'alive'],
    availability_zones: ['name', 'resource', 'state'],
    'network-ip-availabilities': ['network_id', 'network_name', 'project_id', 'tenant_id'],
  };
  for (const [collection, names] of Object.entries(lists)) {
    const row: Json = (await cloud.list(collection, admin))[0] ?? {};
    for (const name of names) {
      assert.ok((await cloud.list(`${collection}?${name}=${row[name]}`, admin)).length > 0, name);
      const hasNot = impossible(typeof row[name] === 'boolean' ? 'flag' : 'text', row[name]);
      assert.deepEqual(await cloud.list(`${collection}?${name}=${hasNot}`, admin), [], name);
    }
    const unknown = await refusal(cloud, 'GET', `${collection}?nosuch=1`, undefined, admin);
    assert.equal(unknown.message, "['nosuch'] is invalid attribute for filtering");
  }
  const filtered = Object.entries(availabilities.attributes).filter(([, { options }]) => 'filter' in options);
  assert.deepEqual(
    filtered.map(([name]) => name),
    ['network_id', 'network_name', 'project_id', 'tenant_id', 'ip_version'],
  );
  const [six] = await cloud.list('network-ip-availabilities?ip_version=6', admin);
  assert.deepEqual([six?.network_id, ((six?.subnet_ip_availability ?? []) as unknown[]).length], [network.id, 1]);
  assert.deepEqual(await cloud.list('network-ip-availabilities?ip_version=5', admin), []);
});

test('a filter with a value that it does not read is refused', async (t) => {
  const cloud = await startCloud(t);
  const unread = [
    'ports?fixed_ips=subnet=10.7.0.0',
    'ports?admin_state_up=maybe',
    'subnets?shared=maybe',
    'subnets?router:external=maybe',
    'security-groups?shared=maybe',
  ];
  for (const query of unread) assert.equal((await refusal(cloud, 'GET', query)).status, 400, query);
});
