import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { measureDispersion } from '#shared/ring/dispersion.ts';
import { openReach } from '#shared/ring/reach.ts';
import { nodesOf, placeOf } from '#shared/ring/ring.ts';
import { callTo, filesBelow, type Store, startStore, until } from '../../test/e2e/object-cloud.ts';

const fast = { replicateMs: 50, auditMs: 50, auditPassMs: 50, reportMs: 20, rehashMs: 100 };
const rootOf = ({ folder }: Store, device: string) => join(folder, 'object-agent', device);
const objectsOn = (store: Store, device: string) => filesBelow(join(rootOf(store, device), 'objects'));
const databasesOn = (store: Store, device: string) =>
  filesBelow(join(rootOf(store, device), 'containers')).filter((file) => file.endsWith('.db'));
const devices = ['d1', 'd2', 'd3'] as const;

test('R01, R07: a copy that was lost, and one that rotted, come back from the others', async (t) => {
  const store = await startStore(t, fast);
  await store.ask('PUT', '/docs');
  const content = randomBytes(2_000_000);
  await store.ask('PUT', '/docs/o', {}, content);
  const [lost = '', rotten = ''] = [objectsOn(store, 'd1')[0], objectsOn(store, 'd2')[0]];
  rmSync(lost);
  const bytes = readFileSync(rotten);
  bytes[1_500_000] = (bytes[1_500_000] ?? 0) ^ 255;
  writeFileSync(rotten, bytes);
  await until(t, () => existsSync(lost) && filesBelow(join(rootOf(store, 'd2'), 'quarantined')).length > 0);
  await until(t, () => existsSync(rotten) && readFileSync(rotten).equals(readFileSync(lost)));
  assert.ok(readFileSync(lost).subarray(0, content.length).equals(content));
});

test('the devices say what they have, and a device that is away is seen', async (t) => {
  const store = await startStore(t, fast);
  const reach = openReach(store.runtime.bus, store.ring);
  t.after(reach.close);
  await store.ask('PUT', '/docs');
  await store.ask('PUT', '/docs/o', {}, 'content');
  await until(t, async () => (await measureDispersion(store.ring, reach)).whole === 3); // account, container and object
  renameSync(rootOf(store, 'd2'), `${rootOf(store, 'd2')}.away`);
  const away = await measureDispersion(store.ring, reach);
  assert.deepEqual([away.whole, away.differing, away.devices.filter(({ answers }) => !answers).length], [0, 0, 1]);
});

test('a read continues on another replica when one is corrupt', async (t) => {
  const store = await startStore(t);
  await store.ask('PUT', '/docs');
  const content = randomBytes(4_000_000);
  await store.ask('PUT', '/docs/o', {}, content);
  for (const device of ['d1', 'd2'] as const) {
    const [file = ''] = objectsOn(store, device);
    const bytes = readFileSync(file);
    bytes[3_000_000] = (bytes[3_000_000] ?? 0) ^ 255;
    writeFileSync(file, bytes);
  }
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await store.ask('GET', '/docs/o');
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(content));
  }
});

test('S19: with a device away everything goes on, and the device learns it when it is back', async (t) => {
  const store = await startStore(t, fast);
  await store.ask('PUT', '/docs');
  await store.ask('PUT', '/docs/old', {}, 'old');
  renameSync(rootOf(store, 'd2'), `${rootOf(store, 'd2')}.away`);
  assert.equal((await store.ask('PUT', '/docs/new', {}, 'new')).status, 201);
  assert.equal((await store.ask('DELETE', '/docs/old')).status, 204);
  assert.equal((await store.ask('PUT', '/more')).status, 201);
  assert.equal(await (await store.ask('GET', '/docs/new')).text(), 'new');
  assert.equal((await store.ask('GET', '/docs/old')).status, 404);
  assert.equal(await (await store.ask('GET', '/docs')).text(), 'new\n');
  renameSync(`${rootOf(store, 'd2')}.away`, rootOf(store, 'd2'));
  const names = async (to: string) => {
    const call = callTo(store.ring, 'container', 'GET', 'd2', ['AUTH_p', to]);
    const { status, body } = await store.agentOf('d2').ask(call);
    return status === 200 ? (JSON.parse(String(body)) as { name: string }[]).map(({ name }) => name).join() : status;
  };
  await until(t, async () => (await names('docs')) === 'new' && (await names('more')) === '');
  await until(t, () => objectsOn(store, 'd2').filter((file) => file.endsWith('.ts')).length === 1);
  await until(t, () => objectsOn(store, 'd2').filter((file) => file.endsWith('.data')).length === 1);
  await until(t, () =>
    devices.every((device) => filesBelow(join(rootOf(store, device), 'async_pending')).length === 0),
  );
});

test('a handoff replaces an unreachable device, which gets its data when it is back', async (t) => {
  const ring = { devices: ['z1-:6210/d1', 'z2-:6210/d2', 'z3-:6210/d3', 'z1-:6210/d4'] };
  const store = await startStore(t, fast, ring);
  await store.ask('PUT', '/docs');
  const place = (name: string) => nodesOf(store.ring, placeOf(store.ring, 'AUTH_p', 'docs', name).partition);
  const name = [...Array(50).keys()].map(String).find((each) => place(each).handoffs[0]?.name === 'd4') ?? '';
  renameSync(rootOf(store, 'd2'), `${rootOf(store, 'd2')}.away`);
  assert.equal((await store.ask('PUT', `/docs/${name}`, {}, 'text')).status, 201);
  assert.equal(objectsOn(store, 'd4').length, 1);
  renameSync(`${rootOf(store, 'd2')}.away`, rootOf(store, 'd2'));
  await until(t, () => objectsOn(store, 'd2').length === 1 && objectsOn(store, 'd4').length === 0);
  assert.equal(await (await store.ask('GET', `/docs/${name}`)).text(), 'text');
});

test('a device that fails during an upload leaves a complete listing', async (t) => {
  const store = await startStore(t);
  await store.ask('PUT', '/docs');
  const slow = new PassThrough();
  const headers = { 'x-auth-token': 'u:p:member', 'content-length': 3_000_000 };
  const put = request(`${store.url}/v1/AUTH_p/docs/o`, { method: 'PUT', headers });
  slow.pipe(put);
  slow.write(Buffer.alloc(2_500_000));
  await until(t, () => filesBelow(join(rootOf(store, 'd2'), 'tmp')).length > 0);
  renameSync(rootOf(store, 'd2'), `${rootOf(store, 'd2')}.away`);
  slow.end(Buffer.alloc(500_000));
  const [answer] = (await once(put, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 201);
  for (let turn = 0; turn < 4; turn += 1) assert.equal(await (await store.ask('GET', '/docs')).text(), 'o\n');
});

test('with two devices away an upload is a 503, without partial files', async (t) => {
  const store = await startStore(t);
  await store.ask('PUT', '/docs');
  for (const device of ['d1', 'd2'] as const) renameSync(rootOf(store, device), `${rootOf(store, device)}.away`);
  assert.equal((await store.ask('PUT', '/docs/o', {}, 'text')).status, 503);
  assert.deepEqual(objectsOn(store, 'd3'), []);
  assert.deepEqual(filesBelow(join(rootOf(store, 'd3'), 'tmp')), []);
});

test('R09, R10: lost databases and broken ones of containers and accounts come back from the others', async (t) => {
  const store = await startStore(t, fast);
  await store.ask('PUT', '/docs', { 'x-container-meta-a': 'b' });
  await store.ask('PUT', '/docs/o', {}, 'text');
  const [lost = '', broken = ''] = [databasesOn(store, 'd1')[0], databasesOn(store, 'd2')[0]];
  await store.close();
  rmSync(join(lost, '..'), { recursive: true });
  writeFileSync(broken, randomBytes(8192));
  const [account = ''] = filesBelow(join(rootOf(store, 'd3'), 'accounts')).filter((file) => file.endsWith('.db'));
  writeFileSync(account, randomBytes(8192));
  const again = await startStore(t, fast, {}, {}, store.folder);
  const text = async (device: string) => {
    const call = callTo(again.ring, 'container', 'GET', device, ['AUTH_p', 'docs']);
    const { status, headers, body } = await again.agentOf(device).ask(call);
    return status === 200 && headers['x-container-meta-a'] === 'b' && String(body).includes('"name":"o"');
  };
  await until(t, async () => (await text('d1')) && (await text('d2')));
  const listed = async () => {
    const call = callTo(again.ring, 'account', 'GET', 'd3', ['AUTH_p']);
    const { status, body } = await again.agentOf('d3').ask(call);
    return status === 200 && String(body).includes('"name":"docs"');
  };
  await until(t, listed);
});

test('expired objects are removed from the listing and from the disks', async (t) => {
  const store = await startStore(t, fast);
  await store.ask('PUT', '/docs');
  await store.ask('PUT', '/docs/o', { 'x-delete-after': '1' }, 'text');
  await until(t, async () => (await store.ask('GET', '/docs')).status === 204);
  await until(t, () => devices.every((device) => !objectsOn(store, device).some((file) => file.endsWith('.data'))));
  assert.equal((await store.ask('DELETE', '/docs')).status, 204);
});

test('counters of containers are reported to the account', async (t) => {
  const store = await startStore(t, fast);
  await store.ask('PUT', '/docs');
  for (const name of ['a', 'b', 'c']) await store.ask('PUT', `/docs/${name}`, {}, 'text');
  await until(t, async () => {
    const { headers } = await store.ask('HEAD', '');
    return headers.get('x-account-object-count') === '3' && headers.get('x-account-bytes-used') === '12';
  });
});

test('when everything is deleted and the tombstones are old, nothing is left on any disk', async (t) => {
  const store = await startStore(t, { ...fast, reclaimHours: 0 });
  await store.ask('PUT', '/docs');
  await store.ask('PUT', '/docs/o', {}, 'text');
  await store.ask('DELETE', '/docs/o');
  assert.equal((await store.ask('DELETE', '/docs')).status, 204);
  const left = () =>
    devices.flatMap((device) => filesBelow(rootOf(store, device))).filter((file) => !file.endsWith('/boot'));
  await until(t, () => left().length === 0);
});
