import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, admin, openImages } from '../../../test/fakes/image-api.ts';

const all = '/v2/metadefs/namespaces';
type Named = { name: string; prefix?: string };
type Shown = Record<string, unknown> & {
  namespaces: { namespace: string }[];
  resource_type_associations: Named[];
  properties: Record<string, unknown>;
  objects: Named[];
  tags: Named[];
  next?: string;
};

async function openMetadata(t: Parameters<typeof openImages>[0]) {
  const { ask } = await openImages(t);
  return async (method: string, path: string, body?: unknown, asked: Asked = admin) => {
    const answer = await ask(method, path, { ...asked, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, body: answer.body as unknown as Shown };
  };
}

test('the standard namespaces are there, and clients find those for a type of resources', async (t) => {
  const ask = await openMetadata(t);
  const names = async (query: string) =>
    (await ask('GET', `${all}?${query}`, undefined, {})).body.namespaces.map(({ namespace }) => namespace);
  const ofFlavors = await names('resource_types=OS::Nova::Flavor&limit=100');
  assert.ok(ofFlavors.includes('OS::Compute::CPUPinning') && !ofFlavors.includes('OS::OperatingSystem'));
  assert.ok((await names('limit=100')).length > ofFlavors.length);
  const { body: types } = await ask('GET', '/v2/metadefs/resource_types', undefined, {});
  assert.ok((types.resource_types as Named[]).some(({ name }) => name === 'OS::Glance::Image'));
});

test('pages of namespaces name the next one, and together have each namespace once', async (t) => {
  const ask = await openMetadata(t);
  const seen: string[] = [];
  for (let path: string | undefined = `${all}?limit=7&sort_key=namespace&sort_dir=asc`; path; ) {
    const { body }: { body: Shown } = await ask('GET', path);
    seen.push(...body.namespaces.map(({ namespace }) => namespace));
    path = body.next;
  }
  assert.ok(seen.length > 20);
  assert.deepEqual(seen, [...new Set(seen)].sort());
});

test('a namespace is created with all that it defines, and shown with the names of one type of resources', async (t) => {
  const ask = await openMetadata(t);
  const made = await ask('POST', all, {
    namespace: 'My::Space',
    display_name: 'Mine',
    visibility: 'public',
    resource_type_associations: [{ name: 'OS::Nova::Flavor', prefix: 'my:' }],
    properties: { speed: { title: 'Speed', type: 'integer', minimum: 1, default: 4 } },
    objects: [{ name: 'Disk', required: ['bus'], properties: { bus: { title: 'Bus', type: 'string', enum: ['a'] } } }],
    tags: [{ name: 'fast' }],
  });
  assert.equal(made.status, 201);
  const { body } = await ask('GET', `${all}/My::Space?resource_type=OS::Nova::Flavor`, undefined, {});
  assert.deepEqual(body.properties, { 'my:speed': { title: 'Speed', type: 'integer', minimum: 1, default: 4 } });
  const [disk] = body.objects as unknown as [{ properties: object; required: string[] }];
  assert.deepEqual(
    [Object.keys(disk.properties), disk.required, body.tags],
    [['my:bus'], ['my:bus'], [{ name: 'fast' }]],
  );
  assert.equal(body.self, '/v2/metadefs/namespaces/My::Space');
  assert.equal((await ask('POST', all, { namespace: 'My::Space' })).status, 409);
});

test('a protected namespace is deleted with nothing left once it is no longer protected', async (t) => {
  const ask = await openMetadata(t);
  await ask('POST', all, { namespace: 'n', protected: true, tags: [{ name: 'x' }] });
  assert.equal((await ask('DELETE', `${all}/n`)).status, 403);
  assert.equal((await ask('DELETE', `${all}/n/tags`)).status, 403);
  const { body } = await ask('PUT', `${all}/n`, { namespace: 'm', description: 'renamed' });
  assert.deepEqual([body.namespace, body.protected, body.visibility], ['m', false, 'private']);
  assert.equal((await ask('GET', `${all}/n`)).status, 404);
  assert.equal((await ask('DELETE', `${all}/m`)).status, 204);
  await ask('POST', all, { namespace: 'm' });
  assert.deepEqual((await ask('GET', `${all}/m/tags`)).body.tags, []);
});

test('objects, properties and tags are created, renamed and deleted one by one', async (t) => {
  const ask = await openMetadata(t);
  await ask('POST', all, { namespace: 'n' });
  const bodies = {
    objects: { name: 'one', description: 'd', properties: { p: { title: 'P', type: 'string' } } },
    properties: { name: 'one', title: 'P', type: 'string', enum: ['a', 'b'] },
  };
  for (const [kind, body] of Object.entries(bodies)) {
    assert.equal((await ask('POST', `${all}/n/${kind}`, body)).status, 201);
    assert.equal((await ask('POST', `${all}/n/${kind}`, body)).status, 409);
    await ask('POST', `${all}/n/${kind}`, { ...body, name: 'two' });
    assert.equal((await ask('PUT', `${all}/n/${kind}/one`, { ...body, name: 'two' })).status, 409);
    const renamed = await ask('PUT', `${all}/n/${kind}/one`, { ...body, name: 'three' });
    assert.deepEqual([renamed.status, renamed.body.name], [200, 'three']);
    assert.equal((await ask('GET', `${all}/n/${kind}/one`)).status, 404);
    assert.equal((await ask('DELETE', `${all}/n/${kind}/three`)).status, 204);
    assert.equal((await ask('DELETE', `${all}/n/${kind}`)).status, 204);
    assert.equal((await ask('GET', `${all}/n/${kind}/two`)).status, 404);
  }
  const tags = async () =>
    (await ask('GET', `${all}/n/tags?sort_key=name&sort_dir=asc`)).body.tags.map(({ name }) => name);
  assert.equal((await ask('POST', `${all}/n/tags/a`)).status, 201);
  await ask(
    'POST',
    `${all}/n/tags`,
    { tags: [{ name: 'b' }] },
    { ...admin, headers: { 'x-openstack-append': 'True' } },
  );
  assert.deepEqual(await tags(), ['a', 'b']);
  await ask('POST', `${all}/n/tags`, { tags: [{ name: 'c' }] });
  assert.deepEqual(await tags(), ['c']);
  assert.equal((await ask('PUT', `${all}/n/tags/c`, { name: 'd' })).status, 200);
  assert.deepEqual(await tags(), ['d']);
});

test('a body is refused that sets what only the service sets, or has unknown keys', async (t) => {
  const ask = await openMetadata(t);
  assert.equal((await ask('POST', all, { namespace: 'n', self: '/x' })).status, 403);
  assert.equal((await ask('POST', all, { namespace: 'n', colour: 'red' })).status, 400);
  assert.equal((await ask('POST', all, { namespace: 'n'.repeat(81) })).status, 400);
  assert.equal((await ask('POST', all, { namespace: 'n', properties: { x: { type: 'string' } } })).status, 400);
  assert.equal((await ask('GET', `${all}?sort_dir=up`)).status, 400);
  assert.equal((await ask('GET', `${all}?marker=nothing`)).status, 404);
});

test('a private namespace is a 404 for other projects, and only administrators change a public one', async (t) => {
  const ask = await openMetadata(t);
  await ask('POST', all, { namespace: 'hidden', owner: 'mine' });
  assert.equal((await ask('GET', `${all}/hidden`, undefined, { project: 'mine' })).status, 200);
  assert.equal((await ask('GET', `${all}/hidden`, undefined, { project: 'theirs' })).status, 404);
  assert.equal((await ask('GET', `${all}/hidden/objects`, undefined, { project: 'theirs' })).status, 404);
  const { body } = await ask('GET', `${all}?limit=1000`, undefined, { project: 'theirs' });
  assert.ok(!body.namespaces.some(({ namespace }) => namespace === 'hidden'));
  assert.equal((await ask('DELETE', `${all}/OS::OperatingSystem/tags`, undefined, {})).status, 403);
});
