/** What differed from Swift, each by a small request. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { md5, type Store, startStore, until } from '../../test/e2e/object-cloud.ts';

/** A request as bytes; gives the head of the answer as it came. */
async function raw({ url }: Store, request: string, encoding: BufferEncoding = 'utf8'): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1');
  });
  socket.write(Buffer.from(request, encoding));
  await new Promise((go) => socket.once('close', go));
  return answer;
}

const asked = (line: string, headers: readonly string[] = []) =>
  `${[`${line} HTTP/1.1`, 'Host: h', 'X-Auth-Token: u:p:member', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const statusIn = (answer: string) => Number(answer.split(' ')[1]);

async function withDocs(t: TestContext, agent = {}) {
  const store = await startStore(t, agent);
  assert.equal((await store.ask('PUT', '/docs')).status, 201);
  return store;
}

test('a POST does not bring back an object that has expired', async (t) => {
  const { ask } = await withDocs(t);
  await ask('PUT', '/docs/o', { 'x-delete-after': '1' }, 'text');
  await until(t, async () => (await ask('HEAD', '/docs/o')).status === 404);
  assert.equal((await ask('POST', '/docs/o', { 'x-delete-after': '1000' })).status, 404);
  assert.equal((await ask('GET', '/docs/o')).status, 404);
  assert.equal((await ask('PUT', '/docs/o', { 'if-none-match': '*' }, 'new')).status, 201);
});

test('OSSA-2014-034: metadata of accounts and containers is limited over all requests, not in each', async (t) => {
  const { ask } = await withDocs(t);
  for (const [to, thing] of [
    ['', 'account'],
    ['/docs', 'container'],
  ] as const) {
    const set = (name: string, value: string) => ask('POST', to, { [`x-${thing}-meta-${name}`]: value });
    for (let at = 0; at < 90; at += 1) assert.equal((await set(`n${at}`, 'x')).status, 204, `${thing} ${at}`);
    const refused = await set('n90', 'x');
    assert.deepEqual([refused.status, await refused.text()], [400, 'Too many metadata items; max 90']);
    assert.equal((await set('n1', 'y')).status, 204, 'what is there may change');
    for (let at = 0; at < 16; at += 1) await set(`n${at}`, 'x'.repeat(250));
    const large = await set('n20', 'x'.repeat(256));
    assert.deepEqual([large.status, await large.text()], [400, 'Total metadata too large; max 4096']);
    assert.equal((await ask('POST', to, { [`x-remove-${thing}-meta-n1`]: '' })).status, 204);
    assert.equal((await set('n90', 'x')).status, 204, 'what was removed makes room');
    assert.equal((await ask('HEAD', to)).headers.get(`x-${thing}-meta-n1`), null);
  }
});

test('metadata names that are set and removed repeatedly count for a while, not for ever', async (t) => {
  const { ask } = await withDocs(t);
  const headers = (from: number) =>
    Object.fromEntries([...Array(80).keys()].map((at) => [`x-remove-container-meta-r${from + at}`, 'x']));
  let refused = 0;
  for (let from = 0; from < 1200 && !refused; from += 80) {
    const { status } = await ask('POST', '/docs', headers(from));
    if (status !== 204) refused = status;
  }
  assert.equal(refused, 400);
});

test('X-Remove works without a value, and a value in the same request has precedence', async (t) => {
  const { ask } = await withDocs(t);
  await ask('POST', '', { 'x-account-meta-a': '1' });
  await ask('POST', '/docs', { 'x-container-meta-a': '1', 'x-container-read': '.r:*' });
  assert.equal((await ask('POST', '', { 'x-remove-account-meta-a': '' })).status, 204);
  await ask('POST', '/docs', { 'x-remove-container-meta-a': '', 'x-remove-container-read': '' });
  assert.equal((await ask('HEAD', '')).headers.get('x-account-meta-a'), null);
  const { headers } = await ask('HEAD', '/docs');
  assert.deepEqual([headers.get('x-container-meta-a'), headers.get('x-container-read')], [null, null]);
  await ask('POST', '', { 'x-account-meta-t': 'kept', 'x-remove-account-meta-t': 'x' });
  assert.equal((await ask('HEAD', '')).headers.get('x-account-meta-t'), 'kept');
});

test('metadata of an object may be empty, and stays', async (t) => {
  const { ask } = await withDocs(t);
  await ask('PUT', '/docs/o', { 'x-object-meta-a': '' }, 'text');
  assert.equal((await ask('HEAD', '/docs/o')).headers.get('x-object-meta-a'), '');
  await ask('POST', '/docs/o', { 'x-object-meta-b': '', 'x-remove-object-meta-a': 'x', 'x-object-meta-c': '1' });
  assert.equal((await ask('HEAD', '/docs/o')).headers.get('x-object-meta-a'), null);
  assert.equal((await ask('HEAD', '/docs/o')).headers.get('x-object-meta-b'), '');
});

test('the answer to a copy has the resulting metadata', async (t) => {
  const { ask } = await withDocs(t);
  await ask('PUT', '/docs/o', { 'x-object-meta-a': '1' }, 'text');
  const copied = await ask('COPY', '/docs/o', { destination: 'docs/c', 'x-object-meta-b': '2' });
  assert.deepEqual([copied.headers.get('x-object-meta-a'), copied.headers.get('x-object-meta-b')], ['1', '2']);
});

test('a copy checks the source first: a missing one is a 404 even without write access to the destination', async (t) => {
  const { ask } = await withDocs(t);
  const to = { destination: 'docs/c', 'destination-account': 'AUTH_q' };
  assert.equal((await ask('COPY', '/docs/none', to)).status, 404);
  await ask('PUT', '/docs/o', {}, 'text');
  assert.equal((await ask('COPY', '/docs/o', to)).status, 403);
  assert.equal((await ask('PUT', '/docs/c', { 'x-copy-from': '/docs/none' })).status, 404);
});

test("names that are too long are refused with Swift's messages", async (t) => {
  const { ask } = await withDocs(t);
  const long = await ask('PUT', `/${'x'.repeat(257)}`);
  assert.deepEqual([long.status, await long.text()], [400, 'Container name length of 257 longer than 256']);
});

test("an answer without content has Content-Length 0, and header names have Swift's case", async (t) => {
  const store = await withDocs(t);
  await store.ask('PUT', '/docs/o', { 'x-object-meta-colour-name': 'red' }, 'text');
  for (const [line, status] of [
    ['GET /v1/AUTH_p', 200],
    ['HEAD /v1/AUTH_p/docs', 204],
    ['GET /v1/AUTH_p/docs?prefix=none', 204],
    ['HEAD /v1/AUTH_p/docs/o', 200],
    ['GET /v1/AUTH_p/docs/none', 404],
    ['GET /v1/AUTH_q', 403],
    ['DELETE /v1/AUTH_p/docs', 409],
  ] as const) {
    const [head = ''] = (await raw(store, asked(line))).split('\r\n\r\n');
    assert.equal(statusIn(head), status, line);
    assert.match(head, /\r\nContent-Length: \d+/, line);
    const names = head
      .split('\r\n')
      .slice(1)
      .map((each) => each.split(':')[0] ?? '');
    for (const name of names.filter((each) => each !== 'connection'))
      assert.match(name, /^[A-Z][a-z0-9]*(-[A-Z0-9][a-z0-9]*)*$/, `${line}: ${name}`);
    const found = (name: string) => head.match(new RegExp(`\r\n${name}: (.*)`))?.[1];
    assert.match(found('X-Trans-Id') ?? '', /^tx[0-9a-f]{21}-[0-9a-f]{10}$/);
    assert.equal(found('X-Openstack-Request-Id'), found('X-Trans-Id'));
  }
  const empty = await raw(store, asked('GET /v1/AUTH_p/docs?prefix=none'));
  assert.match(empty, /\r\nContent-Length: 0\r\n/);
  assert.match(await raw(store, asked('HEAD /v1/AUTH_p/docs/o')), /\r\nX-Object-Meta-Colour-Name: red\r\n/);
});

test('a container was last modified when it was last PUT or POSTed', async (t) => {
  const { ask } = await withDocs(t);
  const last = async () => Date.parse((await ask('HEAD', '/docs')).headers.get('last-modified') ?? '');
  const before = await last();
  await until(t, () => Date.now() > before + 1000);
  await ask('POST', '/docs', { 'x-container-meta-a': '1' });
  const posted = await last();
  assert.ok(posted > before);
  await until(t, () => Date.now() > posted + 1000);
  await ask('PUT', '/docs');
  assert.ok((await last()) > posted);
});

test('names in headers may be raw UTF-8 or encoded', async (t) => {
  const store = await withDocs(t);
  await store.ask('PUT', '/docs/%C3%A4', {}, 'text');
  const from = await raw(store, asked('PUT /v1/AUTH_p/docs/c1', ['X-Copy-From: /docs/ä', 'Content-Length: 0']));
  assert.equal(statusIn(from), 201);
  const to = await raw(store, asked('COPY /v1/AUTH_p/docs/%C3%A4', ['Destination: docs/ö']));
  assert.equal(statusIn(to), 201);
  assert.equal(await (await store.ask('GET', '/docs/%C3%B6')).text(), 'text');
});

test('X-If-Delete-At must be a number that equals that of the object', async (t) => {
  const { ask } = await withDocs(t);
  const end = String(Math.floor(Date.now() / 1000) + 1000);
  await ask('PUT', '/docs/o', { 'x-delete-at': end }, 'text');
  assert.equal((await ask('DELETE', '/docs/o', { 'x-if-delete-at': 'bad' })).status, 400);
  assert.equal((await ask('DELETE', '/docs/o', { 'x-if-delete-at': '12' })).status, 412);
  assert.equal((await ask('DELETE', '/docs/none', { 'x-if-delete-at': end })).status, 404);
  assert.equal((await ask('DELETE', '/docs/o', { 'x-if-delete-at': end })).status, 204);
});

test('a failed condition is answered with the headers of the object', async (t) => {
  const { ask } = await withDocs(t);
  await ask('PUT', '/docs/o', { 'x-object-meta-a': '1' }, 'text');
  const etag = md5('text');
  for (const [headers, status] of [
    [{ 'if-none-match': etag }, 304],
    [{ 'if-match': 'other' }, 412],
    [{ range: 'bytes=10-' }, 416],
    [{ 'if-match': etag, 'if-unmodified-since': new Date(0).toUTCString() }, 412],
  ] as const) {
    const answer = await ask('GET', '/docs/o', headers);
    assert.equal(answer.status, status);
    for (const name of ['accept-ranges', 'last-modified', 'etag', 'x-object-meta-a'])
      assert.ok(answer.headers.get(name), `${status}: ${name}`);
  }
  assert.equal((await ask('GET', '/docs/none', { 'if-match': '*' })).status, 412);
  assert.equal((await ask('GET', '/docs/o', { range: 'BYTES = 0 - 1' })).status, 206);
});

test('paths are decoded once, for routing and authorization', async (t) => {
  const store = await withDocs(t);
  await store.ask('PUT', '/docs/o', {}, 'text');
  for (const [line, status] of [
    ['GET http://elsewhere/v1/AUTH_p/docs/o', 200],
    ['GET http://x/v1/AUTH_q/docs/o', 403],
    ['GET /v1/AUTH_p/docs%2Fo', 200],
    ['GET /v1/AUTH_p%2Fdocs/o', 200],
    ['GET /v1/AUTH_p/docs/%ff', 412],
    ['GET /v1/AUTH_p/docs/a%00b', 412],
    ['GET /v1/AUTH_p//o', 404],
    ['GET /v1//docs/o', 404],
    ['GET /v1', 412],
    ['GET /v1/', 412],
    ['GET /v1/AUTH_p/docs?marker=a%00b', 200],
    ['GET /v1/AUTH_p/docs?marker=%ff', 400],
  ] as const)
    assert.equal(statusIn(await raw(store, asked(line))), status, line);
});

test('a body without length and chunked encoding is refused', async (t) => {
  const store = await withDocs(t);
  const chunked = asked('PUT /v1/AUTH_p/docs/o', ['Transfer-Encoding: gzip, chunked']);
  assert.equal(statusIn(await raw(store, `${chunked}0\r\n\r\n`)), 501);
  assert.equal((await store.ask('GET', '/docs/o')).status, 404);
  assert.equal(statusIn(await raw(store, asked('PUT /v1/AUTH_p/docs/o'))), 411);
});

test('an unknown method is a 405, and what the parser cannot read a 400, both as pages of Swift', async (t) => {
  const store = await withDocs(t);
  for (const [line, status] of [
    ['LICK /v1/AUTH_p/docs/o', 405],
    ['GET /v1/AUTH_p/docs/ö', 400],
  ] as const) {
    const answer = await raw(store, asked(line));
    assert.equal(statusIn(answer), status);
    assert.match(answer, /\r\nX-Trans-Id: tx[0-9a-f]{21}-/);
    assert.match(answer, /<html><h1>/);
  }
});

test('listings of accounts name the storage policy', async (t) => {
  const { ask } = await withDocs(t);
  const [row] = (await (await ask('GET', '?format=json')).json()) as Record<string, unknown>[];
  assert.equal(row?.storage_policy, 'Policy-0');
  assert.match(await (await ask('GET', '?format=xml')).text(), /<storage_policy>Policy-0<\/storage_policy>/);
});
