/** Static and dynamic large objects: what a manifest may be, what is read of it, and how much one request can set going. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { md5, type Store, startStore, until } from '../../test/e2e/object-cloud.ts';

async function segments(t: TestContext, names: readonly string[]) {
  const store = await startStore(t);
  await store.ask('PUT', '/docs');
  for (const name of names) await store.ask('PUT', `/docs/${name}`, {}, name.repeat(10));
  return store;
}
const manifest = ({ ask }: Store, name: string, list: unknown, headers = {}) =>
  ask('PUT', `/docs/${name}?multipart-manifest=put`, headers, JSON.stringify(list));
const path = (name: string, more = {}) => ({ path: `/docs/${name}`, ...more });

test('an invalid manifest is refused with an error per segment', async (t) => {
  const store = await segments(t, ['a', 'b']);
  for (const [list, words] of [
    [[], /at least one segment/],
    [{}, /must be a list/],
    [[path('a', { teag: 'x' })], /Index 0: extraneous keys "teag"/],
    [[path('a'), path('big')], /Index 1: manifest must not include itself/],
    [[path('a'), { path: 'docs' }], /Index 1: path does not refer to an object/],
    [[path('a', { range: '5-2' })], /Index 0: invalid range/],
    [[path('a', { range: '0-1,2-3' })], /multiple ranges/],
    [[path('a', { range: '20-' })], /Unsatisfiable Range/],
    [[path('a', { etag: 'x' })], /docs\/a, Etag Mismatch/],
    [[path('a', { size_bytes: 3 })], /docs\/a, Size Mismatch/],
    [[path('none')], /docs\/none, 404 Not Found/],
    [[{ data: 'eA==' }], /require at least one object-backed segment/],
    [[{ data: '?' }], /data must be valid base64/],
    [[7], /not a JSON object/],
  ] as const) {
    const answer = await manifest(store, 'big', list);
    assert.equal(answer.status, 400, JSON.stringify(list));
    assert.match(await answer.text(), words);
  }
  assert.equal(
    (await store.ask('PUT', '/docs/b?multipart-manifest=put', {}, JSON.stringify([path('a'), path('b')]))).status,
    400,
  );
  assert.equal(await (await store.ask('GET', '/docs/b')).text(), 'b'.repeat(10));
});

test('ranges of segments are inclusive, also in the checksum and in nested manifests', async (t) => {
  const store = await segments(t, ['a']);
  const put = await manifest(store, 'big', [path('a', { range: '-4' }), path('a', { range: '0-' })]);
  const etag = md5(`${md5('a'.repeat(10))}:6-9;${md5('a'.repeat(10))}`);
  assert.deepEqual([put.status, put.headers.get('etag')], [201, `"${etag}"`]);
  assert.equal((await manifest(store, 'outer', [path('big', { etag, size_bytes: 14, range: '2-5' })])).status, 201);
  assert.equal(await (await store.ask('GET', '/docs/outer')).text(), 'aaaa');
  assert.equal((await (await store.ask('GET', '/docs/big')).text()).length, 14);
});

test('format=raw is a manifest that can be PUT again, and a copied manifest is validated like a new one', async (t) => {
  const store = await segments(t, ['a', 'b']);
  const { ask } = store;
  await manifest(store, 'big', [path('a'), path('b', { range: '1-2' })], { 'content-type': 'text/x' });
  const raw = await ask('GET', '/docs/big?multipart-manifest=get&format=raw');
  const list = await raw.text();
  assert.deepEqual([raw.headers.get('content-type'), raw.headers.get('etag')], ['text/x', md5(list)]);
  assert.deepEqual(JSON.parse(list), [
    { etag: md5('a'.repeat(10)), path: '/docs/a', size_bytes: 10 },
    { etag: md5('b'.repeat(10)), path: '/docs/b', range: '1-2', size_bytes: 10 },
  ]);
  assert.equal((await manifest(store, 'again', JSON.parse(list))).status, 201);
  const copied = await ask('COPY', '/docs/big?multipart-manifest=get', { destination: 'docs/copy' });
  assert.equal(copied.status, 201);
  const copy = await ask('GET', '/docs/copy');
  assert.deepEqual([copy.headers.get('content-type'), copy.headers.get('x-static-large-object')], ['text/x', 'True']);
  assert.equal(await copy.text(), `${'a'.repeat(10)}bb`);
  await ask('DELETE', '/docs/b');
  assert.equal((await ask('COPY', '/docs/big?multipart-manifest=get', { destination: 'docs/x' })).status, 400);
});

test('a large object with segments that are missing or forbidden to the caller is a 409', async (t) => {
  const { ask, ...store } = await segments(t, ['a']);
  await ask('PUT', '/open', { 'x-container-read': 'q:v' });
  await ask('PUT', '/open/big?multipart-manifest=put', {}, JSON.stringify([path('a')]));
  const other = { 'x-auth-token': 'v:q:member' };
  assert.equal((await ask('GET', '/open/big', other)).status, 409);
  assert.equal((await ask('GET', '/open/big', { ...other, range: 'bytes=0-1,4-5' })).status, 409);
  assert.equal((await ask('HEAD', '/open/big', other)).status, 200);
  assert.equal(await (await ask('GET', '/open/big')).text(), 'a'.repeat(10));
  await ask('DELETE', '/docs/a');
  assert.equal((await ask('GET', '/open/big')).status, 409);
  assert.ok(store.url);
});

test('manifests nest ten deep, and name a bounded number of segments in all', async (t) => {
  const store = await segments(t, ['a']);
  for (let depth = 1; depth <= 10; depth += 1) {
    const inner = depth === 1 ? 'a' : `m${depth - 1}`;
    assert.equal((await manifest(store, `m${depth}`, [path(inner)])).status, 201, `${depth}`);
  }
  assert.equal(await (await store.ask('GET', '/docs/m10')).text(), 'a'.repeat(10));
  const deeper = await manifest(store, 'm11', [path('m10')]);
  assert.deepEqual([deeper.status, /recursion depth/.test(await deeper.text())], [400, true]);
  const wide = (name: string, count: number) => [...Array(count).keys()].map(() => path(name));
  assert.equal((await manifest(store, 'wide', wide('a', 1000))).status, 201);
  assert.equal((await manifest(store, 'wide20', wide('wide', 18))).status, 201);
  assert.equal((await manifest(store, 'wider', wide('wide', 20))).status, 413);
  assert.equal((await manifest(store, 'many', wide('a', 1001))).status, 413);
});

test('multipart-manifest=delete removes each segment once, however often nested manifests name it', async (t) => {
  const store = await segments(t, ['a', 'b']);
  const { ask } = store;
  const wide = (name: string) => [...Array(120).keys()].map(() => path(name));
  await manifest(store, 'm1', [...wide('a'), path('b')]);
  await manifest(store, 'm2', [...wide('m1'), path('a')]);
  const gone = await ask('DELETE', '/docs/m2?multipart-manifest=delete', { accept: 'application/json' });
  const report = (await gone.json()) as Record<string, unknown>;
  assert.deepEqual(
    [report['Number Deleted'], report['Number Not Found'], report['Response Status'], report.Errors],
    [4, 0, '200 OK', []],
  );
  assert.equal((await ask('GET', '/docs')).status, 204);
  await ask('PUT', '/docs/plain', {}, 'x');
  const plain = await ask('DELETE', '/docs/plain?multipart-manifest=delete', { accept: 'application/json' });
  assert.deepEqual(((await plain.json()) as Record<string, unknown>)['Response Status'], '400 Bad Request');
  assert.equal((await ask('GET', '/docs/plain')).status, 200, 'what is no manifest stays');
});

test('several ranges of a dynamic large object are all of it', async (t) => {
  const { ask } = await segments(t, ['s1', 's2']);
  await ask('PUT', '/docs/big', { 'x-object-manifest': 'docs/s' }, '');
  const several = await ask('GET', '/docs/big', { range: 'bytes=0-1,4-5' });
  assert.deepEqual([several.status, (await several.text()).length], [200, 40]);
  const one = await ask('GET', '/docs/big', { range: 'bytes=18-21' });
  assert.deepEqual([one.status, await one.text()], [206, 's1s2']);
});

test('OSSA-2016-004: interrupted downloads of large objects leave no connection and no open file', async (t) => {
  const store = await startStore(t);
  await store.ask('PUT', '/docs');
  const part = Buffer.alloc(3_000_000, 'x');
  for (const name of ['s1', 's2']) await store.ask('PUT', `/docs/${name}`, {}, part);
  await manifest(store, 'static', [path('s1'), path('s2')]);
  await store.ask('PUT', '/docs/dynamic', { 'x-object-manifest': 'docs/s' }, '');
  const breakOff = (to: string) =>
    new Promise<void>((go) => {
      const sent = request(`${store.url}/v1/AUTH_p${to}`, { headers: { 'x-auth-token': 'u:p:member' }, agent: false });
      sent.on('error', () => {}).on('close', go);
      sent.on('response', (answer) => answer.once('data', () => sent.destroy()).on('error', () => {})).end();
    });
  const open = () => process.getActiveResourcesInfo().filter((name) => /TCPSocket|TCPServer/.test(name)).length;
  const files = async () => (await import('node:fs')).readdirSync('/proc/self/fd').length;
  await breakOff('/docs/static');
  const [before, filesBefore] = [open(), await files()];
  for (let turn = 0; turn < 40; turn += 1) await breakOff(turn % 2 ? '/docs/static' : '/docs/dynamic');
  await until(t, async () => open() <= before && (await files()) <= filesBefore);
});

test('a manifest may have data of its own between its segments', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/part', {}, 'middle');
  const inline = (text: string) => ({ data: Buffer.from(text).toString('base64') });
  const manifest = JSON.stringify([inline('begin '), { path: '/docs/part' }, inline(' end')]);
  const put = await ask('PUT', '/docs/large?multipart-manifest=put', {}, manifest);
  assert.equal(put.status, 201);
  assert.equal(put.headers.get('etag'), `"${md5(['begin ', 'middle', ' end'].map(md5).join(''))}"`);
  assert.equal(await (await ask('GET', '/docs/large')).text(), 'begin middle end');
  assert.equal(await (await ask('GET', '/docs/large', { range: 'bytes=3-8' })).text(), 'in mid');
  const stored = (await (await ask('GET', '/docs/large?multipart-manifest=get')).json()) as Record<string, unknown>[];
  assert.deepEqual([stored[0], stored[1]?.name, stored[2]], [inline('begin '), '/docs/part', inline(' end')]);
  const raw = await (await ask('GET', '/docs/large?multipart-manifest=get&format=raw')).text();
  assert.equal((await ask('PUT', '/docs/again?multipart-manifest=put', {}, raw)).status, 201);
  assert.equal((await ask('DELETE', '/docs/large?multipart-manifest=delete')).status, 200);
  assert.equal(await (await ask('GET', '/docs')).text(), 'again\n');
});

test('one part of a large object is read by its number, also where a segment is a link', async (t) => {
  const { ask, ...store } = await segments(t, ['a', 'b']);
  await ask('PUT', '/docs/link', { 'x-symlink-target': 'docs/b' });
  assert.equal((await manifest({ ask, ...store }, 'big', [path('a'), path('link')])).status, 201);
  const second = await ask('GET', '/docs/big?part-number=2');
  const about = ['content-range', 'x-parts-count', 'content-length'].map((name) => second.headers.get(name));
  assert.deepEqual([second.status, await second.text(), about], [206, 'b'.repeat(10), ['bytes 10-19/20', '2', '10']]);
  assert.equal((await ask('HEAD', '/docs/big?part-number=1')).headers.get('content-range'), 'bytes 0-9/20');
  const behind = await ask('GET', '/docs/big?part-number=3');
  assert.deepEqual([behind.status, behind.headers.get('content-range')], [416, 'bytes */20']);
  for (const number of ['0', 'x', '-1', '9999999999'])
    assert.equal((await ask('GET', `/docs/big?part-number=${number}`)).status, 400);
  assert.equal((await ask('GET', '/docs/big?part-number=1', { range: 'bytes=0-1' })).status, 400);
  assert.equal(await (await ask('GET', '/docs/a?part-number=7')).text(), 'a'.repeat(10), 'not a large object');
  await ask('COPY', '/docs/big?part-number=2', { destination: 'docs/copy' });
  assert.equal(await (await ask('GET', '/docs/copy')).text(), 'b'.repeat(10));
});
