/** Published attacks on image services. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '#shared/auth/caller.ts';
import { enforcerOf } from '#shared/auth/policy.ts';
import { type Asked, admin, openImages } from '../../test/fakes/image-api.ts';
import { section } from './config.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';

type Endpoint = Awaited<ReturnType<typeof openImages>>;
const theirs = { project: 'theirs' };
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' };
const patch = ({ ask }: Endpoint, id: string, changes: unknown, asked: Asked = {}) =>
  ask('PATCH', `/v2/images/${id}`, { ...asked, body: changes, headers: patchType });
const share = (endpoint: Endpoint, id: string) =>
  endpoint.ask('POST', `/v2/images/${id}/members`, { body: { member: 'theirs' } });

test('OSSA-2012-017: only the owner deletes an image: no other project, no member, no reader', async (t) => {
  const endpoint = await openImages(t);
  const { ask, make, upload, files } = endpoint;
  const [own, shared] = [await make(), await make()];
  for (const id of [own, shared]) await upload(id, Buffer.from('bytes'));
  await share(endpoint, shared);
  await ask('PUT', `/v2/images/${shared}/members/theirs`, { ...theirs, body: { status: 'accepted' } });
  const remove = async (id: string, asked: Asked) => (await ask('DELETE', `/v2/images/${id}`, asked)).status;
  assert.equal(await remove(own, theirs), 404);
  assert.equal(await remove(shared, theirs), 403);
  assert.equal(await remove(own, { roles: 'reader' }), 403);
  assert.equal(files().length, 2);
});

test('OSSA-2013-027: a caller without download permission gets no data, whole or in part', async (t) => {
  const { ask, make, upload, base } = await openImages(t);
  const id = await make();
  await upload(id, Buffer.from('bytes'));
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 200); // read before by another role
  for (const headers of [{}, { range: 'bytes=0-1' }, { 'content-range': 'bytes 0-1/*' }] as Record<string, string>[])
    for (const roles of ['reader', 'other'])
      assert.equal((await ask('GET', `/v2/images/${id}/file`, { roles, headers })).status, 403);
  const head = await fetch(`${base}/v2/images/${id}/file`, { method: 'HEAD', headers: { 'x-roles': 'reader' } });
  assert.ok([403, 405].includes(head.status), String(head.status));
});

const locations = [
  'file:///etc/passwd',
  'FILE:///etc/passwd',
  'file%3a///etc/passwd',
  'filesystem:///etc/passwd',
  'unix:/run/mysqld/mysqld.sock',
  'data:text/plain,a',
  'gopher://127.0.0.1:25/',
  'ftp://127.0.0.1/a',
  'swift+config://secret/a',
  'http://169.254.169.254/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://[::ffff:127.0.0.1]/',
];

test('OSSA-2014-041, OSSA-2015-002, OSSN-0090: no caller can set a location, with any URL scheme', async (t) => {
  const endpoint = await openImages(t);
  const { ask, make, upload } = endpoint;
  const [queued, active] = [await make(), await make()];
  await upload(active, Buffer.from('bytes'));
  for (const url of locations)
    for (const asked of [{}, admin]) {
      const value = [{ url, metadata: {} }];
      for (const id of [queued, active])
        for (const change of [
          { op: 'add', path: '/locations/-', value: value[0] },
          { op: 'replace', path: '/locations', value },
          { op: 'remove', path: '/locations/0' },
        ])
          assert.equal((await patch(endpoint, id, [change], asked)).status, 403, url);
      for (const name of ['locations', 'location', 'direct_url', 'copy_from'])
        if (name !== 'copy_from')
          assert.equal((await ask('POST', '/v2/images', { ...asked, body: { [name]: url } })).status, 403, name);
      assert.equal((await ask('POST', `/v2/images/${queued}/locations`, { ...asked, body: { url } })).status, 403);
    }
  const shown = (await ask('GET', `/v2/images/${active}`)).body as Record<string, unknown>;
  for (const name of ['locations', 'direct_url']) assert.equal(shown[name], undefined);
});

test('OSSN-0105: no method of imports, tasks or creates fetches a URL that the filters refuse', async (t) => {
  const { ask, make } = await openImages(t);
  const requested: string[] = [];
  const inside = http.createServer((request, answer) => answer.end(String(requested.push(request.url ?? ''))));
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  t.after(() => inside.close());
  const { port } = inside.address() as { port: number };
  const uris = [
    `http://127.0.0.1:${port}/a`,
    `http://2130706433:${port}/a`,
    `http://[::ffff:7f00:1]:${port}/a`,
    ...locations,
  ];
  const id = await make();
  await ask('PUT', `/v2/images/${id}/stage`, { body: Buffer.from('bytes') });
  for (const uri of uris) {
    for (const name of ['web-download', 'glance-download', 'copy-image']) {
      const body = { method: { name, uri, glance_region: uri }, stores: ['file'] };
      const { status } = await ask('POST', `/v2/images/${id}/import`, { body });
      assert.ok([400, 403, 409].includes(status), `${name} ${status}`);
    }
    const input = { import_from: uri, import_from_format: 'raw', image_properties: {} };
    assert.equal((await ask('POST', '/v2/tasks', { body: { type: 'import', input } })).status, 403);
    assert.equal(
      (await ask('POST', '/v2/images', { headers: { 'x-glance-api-copy-from': uri }, body: {} })).status,
      201,
    );
  }
  assert.deepEqual(requested, []);
});

test('OSSA-2015-019: attributes set by the service cannot be set by callers', async (t) => {
  const endpoint = await openImages(t);
  const { ask, make, upload } = endpoint;
  const id = await make();
  await upload(id, Buffer.from('bytes'));
  const before = (await ask('GET', `/v2/images/${id}`)).body as Record<string, unknown>;
  const attributes = {
    status: 'queued',
    checksum: 'x',
    size: 1,
    virtual_size: 1,
    os_hash_value: 'x',
    os_hash_algo: 'md5',
    direct_url: 'x',
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
    stores: 'x',
    file: '/x',
    self: '/x',
    schema: '/x',
    deleted: true,
    deleted_at: '2020-01-01T00:00:00Z',
    os_glance_failed_import: 'x',
    owner: 'theirs',
  };
  for (const [name, value] of Object.entries(attributes)) {
    for (const op of ['add', 'replace'])
      assert.equal((await patch(endpoint, id, [{ op, path: `/${name}`, value }])).status, 403, name);
    assert.equal((await ask('POST', '/v2/images', { body: { [name]: value } })).status, 403, name);
  }
  const headers = { 'x-image-meta-status': 'queued', 'x-image-meta-owner': 'theirs' };
  await ask('GET', `/v2/images/${id}`, { headers });
  assert.deepEqual((await ask('GET', `/v2/images/${id}`)).body, before);
  await ask('POST', `/v2/images/${id}/actions/deactivate`);
  for (const status of ['active', 'queued'])
    assert.equal((await patch(endpoint, id, [{ op: 'replace', path: '/status', value: status }])).status, 403);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'deactivated');
});

test('OSSA-2015-020: an upload is authorized at its start: a token that expires meanwhile does not interrupt it', async (t) => {
  let isOver = false;
  const { make, base, ask, files } = await openImages(t, { isTokenOver: () => isOver });
  const id = await make();
  const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine' };
  const request = http.request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers });
  const answered = new Promise<number>((resolve) =>
    request.on('response', (answer) => resolve(answer.statusCode ?? 0)),
  );
  request.write(Buffer.alloc(2 ** 21));
  while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'saving') await sleep(2);
  isOver = true;
  request.end();
  assert.equal(await answered, 204);
  assert.equal((await ask('GET', `/v2/images/${id}`)).status, 401);
  isOver = false;
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'active');
  assert.equal(files().length, 1);
});

test('OSSA-2016-006, OSSN-0065: no sequence of calls changes the data of an active image', async (t) => {
  const endpoint = await openImages(t);
  const { ask, make, upload } = endpoint;
  const seed = Number(process.env.WATTLE_TEST_SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`WATTLE_TEST_SEED=${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const id = await make();
  const [first, second] = [Buffer.from('first bytes'), Buffer.from('other bytes')];
  await upload(id, first);
  const change = (path: string, value: unknown) => () => patch(endpoint, id, [{ op: 'replace', path, value }]);
  const calls = [
    () => ask('PUT', `/v2/images/${id}/file`, { body: second }),
    () => ask('PUT', `/v2/images/${id}/stage`, { body: second }),
    () => ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } }),
    () => ask('POST', `/v2/images/${id}/actions/deactivate`),
    () => ask('POST', `/v2/images/${id}/actions/reactivate`),
    () => ask('POST', '/v2/images', { body: { id, disk_format: 'raw', container_format: 'bare' } }),
    change('/status', 'queued'),
    change('/disk_format', 'qcow2'),
    change('/container_format', 'ovf'),
    change('/locations', []),
    change('/visibility', 'community'),
    change('/name', 'other'),
  ];
  for (let step = 0; step < 120; step += 1) {
    await calls[random(calls.length)]?.();
    const read = await ask('GET', `/v2/images/${id}/file`);
    assert.ok(read.status === 403 || read.raw.equals(first), `step ${step}: ${read.status}`);
  }
  await ask('POST', `/v2/images/${id}/actions/reactivate`);
  assert.ok((await ask('GET', `/v2/images/${id}/file`)).raw.equals(first));
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204);
  for (const asked of [{}, theirs, admin])
    assert.equal((await ask('POST', '/v2/images', { ...asked, body: { id } })).status, 409);
});

test('OSSN-0005, OSSN-0015: a shared image is not listed for a member before it accepts; public images need an administrator', async (t) => {
  const endpoint = await openImages(t);
  const { ask, make } = endpoint;
  const id = await make();
  await share(endpoint, id);
  const listed = async (query = '') => (await ask('GET', `/v2/images${query}`, theirs)).body.images.length;
  assert.deepEqual(
    [await listed(), await listed('?member_status=pending'), await listed('?member_status=all')],
    [0, 1, 1],
  );
  assert.equal((await ask('GET', `/v2/images/${id}`, theirs)).status, 200);
  await ask('PUT', `/v2/images/${id}/members/theirs`, { ...theirs, body: { status: 'rejected' } });
  assert.equal(await listed(), 0);
  for (const asked of [{}, theirs]) {
    assert.equal((await ask('POST', '/v2/images', { ...asked, body: { visibility: 'public' } })).status, 403);
    assert.ok(
      [403, 404].includes(
        (await patch(endpoint, id, [{ op: 'replace', path: '/visibility', value: 'public' }], asked)).status,
      ),
    );
  }
});

test('OSSN-0013: an undefined rule denies access, and every rule used is defined', () => {
  const { may } = enforcerOf(policy);
  const caller = { userId: 'u', projectId: 'p', roles: ['admin', 'member', 'reader'] } as unknown as Caller;
  assert.equal(may('get_image_location', caller), false);
  for (const { rule } of routes) if (typeof rule === 'string') assert.ok(rule in policy.rules, rule);
});

test('OSSN-0048: an unsupported method is refused on every path', async (t) => {
  const { base } = await openImages(t);
  const paths = Map.groupBy(routes, ({ path }) => path);
  for (const [path, known] of paths)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const same = [...known, ...(paths.get(path.replace(/[^/:]+$/, ':id')) ?? [])]; // clean is an id for the others
      if (same.some((route) => route.method === method.toLowerCase())) continue;
      const url = base + path.replaceAll(/:\w+/g, randomUUID());
      const { status } = await fetch(url, { method, headers: { 'x-project': 'mine' } });
      assert.ok(
        status === 405 || status === 404 || (status === 200 && method === 'OPTIONS'),
        `${method} ${path}: ${status}`,
      );
    }
});

test('OSSN-0060, FIX-GL-S3URI: no setting disables authentication, and none holds credentials of a store', () => {
  const keys = Object.keys(section).filter((key) =>
    /auth|identity|admin|owner|tenant|pipeline|secret|password|credential|location/i.test(key),
  );
  assert.deepEqual(keys, []);
});

test('OSSN-0061: an image with a signature is refused by name, since it cannot be verified', async (t) => {
  const { ask, make, upload, files } = await openImages(t);
  const signature = {
    img_signature: 'c2lnbmF0dXJl',
    img_signature_hash_method: 'MD5',
    img_signature_key_type: 'RSA-PSS',
    img_signature_certificate_uuid: randomUUID(),
  };
  const id = await make(signature);
  const refused = await upload(id, Buffer.from('bytes'));
  assert.deepEqual([refused.status, /img_signature/.test(refused.body.message)], [400, true]);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'queued');
  assert.deepEqual(files(), []);
});

test('an invisible marker gets the same response as a missing one', async (t) => {
  const { ask, make } = await openImages(t);
  const [foreign, own] = [await make(), await make({}, theirs)];
  const answer = async (marker: string) => {
    const { status, body } = await ask('GET', `/v2/images?marker=${marker}&sort=name:asc`, theirs);
    return [status, body.message?.replace(marker, 'it')];
  };
  assert.deepEqual(await answer(foreign), await answer(randomUUID()));
  assert.equal((await answer(own))[0], 200);
  await ask('DELETE', `/v2/images/${own}`, theirs);
  assert.equal((await answer(own))[0], 200); // a deleted marker still works
});

test('names of built-in object properties are ordinary image properties', async (t) => {
  const endpoint = await openImages(t);
  const { ask, make } = endpoint;
  const id = await make({ constructor: 'a' });
  assert.equal(((await ask('GET', `/v2/images/${id}`)).body as Record<string, unknown>).constructor, 'a');
  assert.equal((await patch(endpoint, id, [{ op: 'remove', path: '/toString' }])).status, 409);
  assert.equal((await patch(endpoint, id, [{ op: 'add', path: '/valueOf', value: 'b' }])).status, 200);
  assert.deepEqual((await ask('GET', '/v2/images?__proto__=x')).body.images, []);
  assert.equal((await ask('GET', '/v2/images?constructor=a')).body.images.length, 1);
});
