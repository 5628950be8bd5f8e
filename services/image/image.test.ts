import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { settingsOf } from '#shared/config/settings.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { openDoor } from '#shared/service/door.ts';
import { section } from './config.ts';
import type { Images } from './context.ts';
import { sweep } from './data/sweep.ts';
import { glance } from './dialect.ts';
import { fileBytes } from './drivers/file.ts';
import type { ImageBytes } from './drivers/image-bytes.ts';
import { migrations } from './migrations/all.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

interface Asked {
  readonly project?: string;
  readonly roles?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}
type Body = Record<string, never> & { images: { id: string; name: string }[]; next?: string };

const sorted = (texts: readonly string[]) => texts.toSorted((one, other) => (one < other ? -1 : 1));

/** The service behind its door, with headers in place of tokens; on a server if WATTLE_TEST_MYSQL names one. */
async function open(t: TestContext, change: (bytes: ImageBytes) => ImageBytes = (bytes) => bytes) {
  const dir = mkdtempSync(join(tmpdir(), 'image-'));
  const server = process.env.WATTLE_TEST_MYSQL;
  const schema = `wattle_t_${randomUUID().slice(0, 8)}`;
  const db = openDatabase(server ? `${server}/${schema}` : 'sqlite::memory:');
  await migrate(db, migrations);
  const config = settingsOf({}).read('image', section);
  const bytes = change(await fileBytes(dir));
  const images: Images = { db, bytes, config, log: silentLog() };
  const identify = async (header: (name: string) => string | undefined, requestId: string) => ({
    ...{ userId: 'u', userName: 'u', userDomainId: 'default', projectName: 'p', projectDomainId: 'default' },
    ...{ domainId: null, system: false, serviceRoles: [], token: '', requestId },
    projectId: header('x-project') ?? 'mine',
    roles: (header('x-roles') ?? 'member,reader').split(','),
  });
  const at = { host: '127.0.0.1', port: 0 };
  const door = await openDoor({
    name: 'image',
    service: images,
    routes,
    policy,
    dialect: glance,
    identify,
    log: silentLog(),
    at,
  });
  t.after(async () => {
    await door.close();
    if (server) await db.raw('DROP SCHEMA ??', [schema]);
    await db.destroy();
    rmSync(dir, { recursive: true });
  });
  const base = `http://127.0.0.1:${door.port}`;
  const ask = async (method: string, path: string, { project = 'mine', roles, body, headers }: Asked = {}) => {
    const isBytes = Buffer.isBuffer(body);
    const type = isBytes ? 'application/octet-stream' : 'application/json';
    const answer = await fetch(base + path, {
      method,
      headers: {
        accept: 'application/json',
        'content-type': type,
        'x-project': project,
        ...(roles ? { 'x-roles': roles } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const raw = Buffer.from(await answer.arrayBuffer());
    const isJson = answer.headers.get('content-type')?.includes('json');
    return {
      status: answer.status,
      headers: answer.headers,
      raw,
      body: (isJson ? JSON.parse(raw.toString()) : {}) as Body & { message: string; id: string; status: string },
    };
  };
  const make = async (more: object = {}, asked: Asked = {}) => {
    const answer = await ask('POST', '/v2/images', {
      ...asked,
      body: { name: 'disk', disk_format: 'raw', container_format: 'bare', ...more },
    });
    assert.equal(answer.status, 201, answer.body.message);
    return answer.body.id;
  };
  const upload = (id: string, body: Buffer) => ask('PUT', `/v2/images/${id}/file`, { body });
  const files = () => readdirSync(dir);
  return { ask, make, upload, files, images, db, base, dir };
}
const admin = { roles: 'admin,member,reader' };

test('an image is made, filled, read whole and in part, and deleted with its bytes', async (t) => {
  const { ask, make, upload, files } = await open(t);
  const id = await make({ 'owner_specified.openstack.md5': '', tags: ['b', 'a'] });
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 17, 'some bytes');
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 204);
  assert.equal((await upload(id, bytes)).status, 204);
  const shown = (await ask('GET', `/v2/images/${id}`)).body as Record<string, unknown>;
  assert.deepEqual(
    [
      shown.status,
      shown.size,
      shown.virtual_size,
      shown.checksum,
      shown.os_hash_algo,
      shown.os_hash_value,
      shown.stores,
    ],
    [
      'active',
      bytes.length,
      bytes.length,
      createHash('md5').update(bytes).digest('hex'),
      'sha512',
      createHash('sha512').update(bytes).digest('hex'),
      'file',
    ],
  );
  assert.equal(shown['owner_specified.openstack.md5'], '');
  assert.deepEqual(shown.tags, ['a', 'b']);
  const whole = await ask('GET', `/v2/images/${id}/file`);
  assert.ok(whole.raw.equals(bytes));
  assert.equal(whole.headers.get('content-md5'), shown.checksum);
  const part = await ask('GET', `/v2/images/${id}/file`, { headers: { range: 'bytes=5-9' } });
  assert.deepEqual([part.status, part.raw.toString()], [206, bytes.subarray(5, 10).toString()]);
  assert.equal((await upload(id, bytes)).status, 409);
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}`)).status, 404);
  assert.deepEqual(files(), []);
  assert.equal((await ask('POST', '/v2/images', { body: { id } })).status, 409);
});

test('an image that lies about its format is refused, and nothing of it is left', async (t) => {
  const { ask, make, upload, files } = await open(t);
  const id = await make({ disk_format: 'qcow2' });
  const refused = await upload(id, Buffer.alloc(5 * 1024 * 1024));
  assert.deepEqual(
    [refused.status, refused.body.message],
    [415, 'The image is refused: it is declared as qcow2, but its bytes are raw.'],
  );
  assert.deepEqual(files(), []);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'queued');
  const raw = await make();
  const sneaky = Buffer.alloc(4096);
  sneaky.write('QFI\xfb\x00\x00\x00\x03', 0, 'latin1');
  assert.equal((await upload(raw, sneaky)).status, 415);
  assert.deepEqual(files(), []);
});

test('a full disk is told, and nothing half-written is left', async (t) => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const { ask, make, upload, files } = await open(t, (bytes) => ({
    ...bytes,
    begin: async (name) => ({ ...(await bytes.begin(name)), write: () => Promise.reject(full) }),
  }));
  const id = await make();
  const refused = await upload(id, Buffer.alloc(2 * 1024 * 1024));
  assert.equal(refused.status, 413);
  assert.match(refused.body.message, /not enough disk space/);
  assert.deepEqual(files(), []);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'queued');
});

test('a project has so many bytes, announced or not', async (t) => {
  const { ask, make, upload, images, base } = await open(t);
  Object.assign(images.config, { storageGb: 2 ** -10 }); // 1 MiB
  assert.equal((await upload(await make(), Buffer.alloc(1024 * 1024 - 10))).status, 204);
  const id = await make();
  assert.equal((await upload(id, Buffer.alloc(11))).status, 413);
  const unsaid = await new Promise<number>((resolve) => {
    const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine' };
    const request = http.request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers });
    request.on('response', (answer) => resolve(answer.statusCode ?? 0)).write(Buffer.alloc(11));
    request.end();
  });
  assert.equal(unsaid, 413);
  assert.equal((await upload(id, Buffer.alloc(10))).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'active');
});

test('an upload that breaks off leaves the image waiting, and no bytes', async (t) => {
  const { ask, make, files, base } = await open(t);
  const id = await make();
  const headers = { 'content-type': 'application/octet-stream', 'content-length': '9999999', 'x-project': 'mine' };
  const upload = http.request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers }).on('error', () => {});
  upload.write(Buffer.alloc(2 * 1024 * 1024));
  while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'saving') await sleep(5);
  upload.destroy();
  while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'queued') await sleep(5);
  assert.deepEqual(files(), []);
});

test('staged bytes wait for their import, and go with their image', async (t) => {
  const { ask, make, files } = await open(t);
  const [id, other] = [await make(), await make()];
  const wish = { body: { method: { name: 'glance-direct' } } };
  assert.equal((await ask('POST', `/v2/images/${id}/import`, wish)).status, 409);
  for (const each of [id, other])
    assert.equal((await ask('PUT', `/v2/images/${each}/stage`, { body: Buffer.from('bytes') })).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'uploading');
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 204);
  assert.equal((await ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'magic' } } })).status, 400);
  assert.equal((await ask('POST', `/v2/images/${id}/import`, wish)).status, 202);
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).raw.toString(), 'bytes');
  assert.equal((await ask('POST', `/v2/images/${id}/import`, wish)).status, 409);
  const { tasks } = (await ask('GET', `/v2/images/${id}/tasks`)).body as unknown as { tasks: { status: string }[] };
  assert.deepEqual(
    tasks.map(({ status }) => status),
    ['success'],
  );
  assert.equal((await ask('DELETE', `/v2/images/${other}`)).status, 204);
  assert.equal(files().length, 1);
});

test('an image deleted during its upload is gone, and so are its bytes', async (t) => {
  const { ask, make, files, base } = await open(t);
  const id = await make();
  const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine' };
  const upload = http.request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers });
  const answered = new Promise<number>((resolve) => upload.on('response', (answer) => resolve(answer.statusCode ?? 0)));
  upload.write(Buffer.alloc(2 * 1024 * 1024));
  while ((await ask('GET', `/v2/images/${id}`)).body.status !== 'saving') await sleep(5);
  assert.equal((await ask('DELETE', `/v2/images/${id}`)).status, 204);
  upload.end();
  assert.equal(await answered, 410);
  assert.deepEqual(files(), []);
});

test('after a crash the sweep ends the upload and removes what it wrote, and nothing else', async (t) => {
  const { ask, make, upload, files, images, db, dir } = await open(t);
  const [kept, died] = [await make(), await make()];
  await upload(kept, Buffer.from('bytes'));
  const uploadId = randomUUID();
  await db('images')
    .where({ id: died })
    .update({ status: 'saving', uploadId, uploadUntil: Date.now() - 1 });
  writeFileSync(join(dir, `${died}.${uploadId}.part`), 'half');
  await (await images.bytes.begin(`${randomUUID()}.${randomUUID()}`)).keep();
  assert.equal(files().length, 3);
  await sweep(images);
  assert.equal(files().length, 1);
  assert.equal((await ask('GET', `/v2/images/${died}`)).body.status, 'queued');
  assert.equal((await ask('GET', `/v2/images/${kept}/file`)).raw.toString(), 'bytes');
  assert.equal((await upload(died, Buffer.from('again'))).status, 204);
});

test('who may see an image: its project, all, or those it is shared with', async (t) => {
  const { ask, make } = await open(t);
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

test('a list is filtered, sorted, and read page by page', async (t) => {
  const { ask, make } = await open(t);
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

test('an image is changed by JSON patch, in both of its languages', async (t) => {
  const { ask, make, upload } = await open(t);
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

test('a deactivated image is shown and not given out', async (t) => {
  const { ask, make, upload } = await open(t);
  const id = await make();
  assert.equal((await ask('POST', `/v2/images/${id}/actions/deactivate`)).status, 403);
  await upload(id, Buffer.from('x'));
  assert.equal((await ask('POST', `/v2/images/${id}/actions/deactivate`)).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 403);
  assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'deactivated');
  assert.equal((await ask('POST', `/v2/images/${id}/actions/reactivate`)).status, 204);
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).status, 200);
});

test('tags come and go, and limits are told with their numbers', async (t) => {
  const { ask, make } = await open(t);
  const id = await make();
  assert.equal((await ask('PUT', `/v2/images/${id}/tags/x`)).status, 204);
  assert.equal((await ask('DELETE', `/v2/images/${id}/tags/x`)).status, 204);
  assert.equal((await ask('DELETE', `/v2/images/${id}/tags/x`)).status, 404);
  const many = Object.fromEntries(Array.from({ length: 129 }, (_, n) => [`p${n}`, '']));
  const refused = await ask('POST', '/v2/images', { body: many });
  assert.deepEqual([refused.status, refused.body.message.match(/\d+/g)], [413, ['129', '128']]);
});

test('bad wishes are refused in words, in HTML or JSON', async (t) => {
  const { ask } = await open(t);
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

test('a reader reads, and a stranger to the project changes nothing', async (t) => {
  const { ask, make } = await open(t);
  const id = await make();
  const reader = { roles: 'reader' };
  assert.equal((await ask('GET', `/v2/images/${id}`, reader)).status, 200);
  assert.equal((await ask('GET', '/v2/images', reader)).status, 200);
  assert.equal((await ask('POST', '/v2/images', { ...reader, body: {} })).status, 403);
  assert.equal((await ask('DELETE', `/v2/images/${id}`, reader)).status, 403);
});

test('versions, schemas and stores are told', async (t) => {
  const { ask } = await open(t);
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
