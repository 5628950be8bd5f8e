import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { md5, startStore, until } from '../../test/e2e/object-cloud.ts';

const listed = async (answer: Response) =>
  ((await answer.json()) as { name?: string; subdir?: string }[]).map((row) => row.name ?? row.subdir);

test('a container is created, updated, listed and deleted', async (t) => {
  const { ask } = await startStore(t);
  assert.equal((await ask('PUT', '/docs', { 'x-container-meta-a': 'b' })).status, 201);
  assert.equal((await ask('PUT', '/docs')).status, 202);
  assert.equal(
    (await ask('POST', '/docs', { 'x-container-meta-c': 'd', 'x-remove-container-meta-a': 'x' })).status,
    204,
  );
  const head = await ask('HEAD', '/docs');
  assert.equal(head.status, 204);
  assert.deepEqual([head.headers.get('x-container-meta-a'), head.headers.get('x-container-meta-c')], [null, 'd']);
  assert.equal(head.headers.get('x-storage-policy'), 'Policy-0');
  assert.match(head.headers.get('x-trans-id') ?? '', /^tx[0-9a-f]{21}-[0-9a-f]{10}$/);
  assert.deepEqual(await listed(await ask('GET', '?format=json')), ['docs']);
  assert.equal((await ask('HEAD', '')).headers.get('x-account-container-count'), '1');
  assert.equal((await ask('DELETE', '/docs')).status, 204);
  assert.equal((await ask('DELETE', '/docs')).status, 404);
  assert.equal((await ask('GET', '/docs')).status, 404);
  assert.deepEqual(await listed(await ask('GET', '?format=json')), []);
});

test('an object is read as it was written, with its checksum and metadata', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  for (const size of [0, 1024, 5_000_000]) {
    const content = randomBytes(size);
    const put = await ask('PUT', '/docs/a%2Fb/%C3%A4%3F.txt', { 'x-object-meta-colour': 'red' }, content);
    assert.deepEqual([put.status, put.headers.get('etag')], [201, md5(content)]);
    const get = await ask('GET', '/docs/a/b/%C3%A4%3F.txt');
    assert.equal(get.status, 200);
    assert.equal(get.headers.get('content-type'), 'text/plain');
    assert.equal(get.headers.get('x-object-meta-colour'), 'red');
    assert.equal(get.headers.get('etag'), md5(content));
    assert.ok(Buffer.from(await get.arrayBuffer()).equals(content));
    const head = await ask('HEAD', '/docs/a/b/%C3%A4%3F.txt');
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(size)]);
  }
  assert.equal((await ask('DELETE', '/docs')).status, 409);
  assert.equal((await ask('DELETE', '/docs/a/b/%C3%A4%3F.txt')).status, 204);
  assert.equal((await ask('DELETE', '/docs/a/b/%C3%A4%3F.txt')).status, 404);
  assert.equal((await ask('GET', '/docs/a/b/%C3%A4%3F.txt')).status, 404);
  assert.equal((await ask('DELETE', '/docs')).status, 204);
});

test('a name may have any bytes of UTF-8', async (t) => {
  const { ask, url } = await startStore(t);
  assert.equal((await ask('PUT', '/a%20b%25')).status, 201);
  const names = ['dir/', '/lead', 'a//b', '...', 'q?x#y', 'ü %2F', '+&;=', 'line\nbreak', '\u{1F600}'];
  for (const name of names)
    assert.equal((await put(url, `/a%20b%25/${encodeURIComponent(name)}`, name)).status, 201, name);
  const page = (await (await ask('GET', '/a%20b%25?format=json')).json()) as { name: string }[];
  assert.deepEqual(new Set(page.map(({ name }) => name)), new Set(names));
  for (const name of names)
    assert.equal(await (await ask('GET', `/a%20b%25/${encodeURIComponent(name)}`)).text(), name);
  assert.equal(await (await ask('GET', '/a%20b%25/dir/')).text(), 'dir/');
  assert.equal(await (await ask('GET', '/a%20b%25//lead')).text(), '/lead');
  assert.equal(await (await ask('GET', '/a%20b%25/a//b')).text(), 'a//b');
  assert.equal((await ask('PUT', '/a%20b%25%2Fslash', {}, 'slash')).status, 201, 'decoded whole, then split');
  assert.equal(await (await ask('GET', '/a%20b%25/slash')).text(), 'slash');
  assert.equal((await ask('GET', '/a%20b%25/')).status, 200, 'a slash at the end of a container is nothing');
});

const put = (url: string, to: string, body: string) =>
  fetch(`${url}/v1/AUTH_p${to}`, { method: 'PUT', headers: { 'x-auth-token': 'u:p:member' }, body });

test('a listing can be read as text, JSON and XML', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  assert.equal((await ask('GET', '/docs')).status, 204);
  for (const name of ['a%3C%26.txt', 'b/c', 'b/d', 'e']) await ask('PUT', `/docs/${name}`, {}, 'text');
  assert.equal(await (await ask('GET', '/docs')).text(), 'a<&.txt\nb/c\nb/d\ne\n');
  const json = await ask('GET', '/docs?delimiter=/&format=json');
  const [row, subdir] = (await json.json()) as Record<string, unknown>[];
  assert.deepEqual(
    { ...row, last_modified: undefined },
    { name: 'a<&.txt', hash: md5('text'), bytes: 4, content_type: 'text/plain', last_modified: undefined },
  );
  assert.match(String(row?.last_modified), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  assert.deepEqual(subdir, { subdir: 'b/' });
  const xml = await (await ask('GET', '/docs?delimiter=/', { accept: 'application/xml' })).text();
  assert.match(xml, /<container name="docs"><object><name>a&lt;&amp;\.txt<\/name><hash>/);
  assert.match(xml, /<subdir name="b\/"><name>b\/<\/name><\/subdir>/);
  assert.deepEqual(await listed(await ask('GET', '/docs?prefix=b/&limit=1&format=json')), ['b/c']);
  assert.deepEqual(await listed(await ask('GET', '/docs?marker=b/c&format=json')), ['b/d', 'e']);
  assert.deepEqual(await listed(await ask('GET', '/docs?reverse=true&limit=2&format=json')), ['e', 'b/d']);
  assert.equal((await ask('GET', '/docs?limit=10001')).status, 412);
});

test('an upload that does not match its length or ETag is refused and leaves nothing', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  assert.equal((await ask('PUT', '/docs/o', { etag: md5('other') }, 'text')).status, 422);
  assert.equal((await ask('GET', '/docs/o')).status, 404);
  assert.equal((await ask('PUT', '/nowhere/o', {}, 'text')).status, 404);
  assert.equal((await ask('PUT', '/docs/o', {}, 'text')).status, 201);
  assert.equal((await ask('PUT', '/docs/o', { 'if-none-match': '*' }, 'text')).status, 412);
  assert.equal((await ask('PUT', `/docs/${'x'.repeat(1025)}`, {}, 'text')).status, 400);
  assert.equal((await ask('PUT', `/${'x'.repeat(257)}`)).status, 400);
  assert.equal((await ask('PUT', '/docs/o', { 'x-object-meta-a': 'x'.repeat(257) }, 'text')).status, 400);
  assert.equal((await ask('POST', '/docs/o', { 'x-delete-at': '12' })).status, 400);
});

test('an object that is larger than allowed is a 413, announced or not', async (t) => {
  const { ask, url } = await startStore(t, {}, {}, { maxFileBytes: 1000 });
  await ask('PUT', '/docs');
  assert.equal((await ask('PUT', '/docs/o', {}, Buffer.alloc(1001))).status, 413);
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(1001));
      controller.close();
    },
  });
  const chunked = { method: 'PUT', headers: { 'x-auth-token': 'u:p:member' }, body, duplex: 'half' } as RequestInit;
  assert.equal((await fetch(`${url}/v1/AUTH_p/docs/o`, chunked)).status, 413);
  assert.equal((await ask('GET', '/docs/o')).status, 404);
});

test('ranges and conditions are applied', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  const content = randomBytes(3_000_000);
  await ask('PUT', '/docs/o', {}, content);
  const get = async (headers: Record<string, string>) => {
    const answer = await ask('GET', '/docs/o', headers);
    return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
  };
  const part = await get({ range: 'bytes=10-1048600' });
  assert.deepEqual([part.status, part.headers.get('content-range')], [206, 'bytes 10-1048600/3000000']);
  assert.ok(part.body.equals(content.subarray(10, 1_048_601)));
  assert.ok((await get({ range: 'bytes=-5' })).body.equals(content.subarray(-5)));
  assert.equal((await get({ range: 'bytes=3000000-' })).status, 416);
  const several = await get({ range: 'bytes=0-1,5-6' });
  assert.match(several.headers.get('content-type') ?? '', /^multipart\/byteranges;boundary=/);
  assert.equal(
    several.body.includes(Buffer.concat([Buffer.from('\r\n\r\n'), content.subarray(5, 7), Buffer.from('\r\n--')])),
    true,
  );
  const etag = md5(content);
  assert.equal((await get({ 'if-none-match': etag })).status, 304);
  assert.equal((await get({ 'if-match': 'other' })).status, 412);
  assert.equal((await get({ 'if-match': `"${etag}"` })).status, 200);
  assert.equal((await get({ 'if-modified-since': new Date(Date.now() + 5000).toUTCString() })).status, 304);
  assert.equal((await get({ 'if-unmodified-since': new Date(0).toUTCString() })).status, 412);
});

test('POST replaces metadata; COPY copies it unless X-Fresh-Metadata is set', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/o', { 'x-object-meta-a': '1', 'content-type': 'text/x' }, 'text');
  assert.equal((await ask('POST', '/docs/o', { 'x-object-meta-b': '2' })).status, 202);
  const head = await ask('HEAD', '/docs/o');
  assert.deepEqual([head.headers.get('x-object-meta-a'), head.headers.get('x-object-meta-b')], [null, '2']);
  const copied = await ask('COPY', '/docs/o', { destination: 'docs/copy', 'x-object-meta-c': '3' });
  assert.deepEqual([copied.status, copied.headers.get('x-copied-from')], [201, 'docs/o']);
  const copy = await ask('GET', '/docs/copy');
  assert.deepEqual(
    [
      await copy.text(),
      copy.headers.get('x-object-meta-b'),
      copy.headers.get('x-object-meta-c'),
      copy.headers.get('content-type'),
    ],
    ['text', '2', '3', 'text/x'],
  );
  assert.equal((await ask('PUT', '/docs/fresh', { 'x-copy-from': '/docs/o', 'x-fresh-metadata': 'true' })).status, 201);
  assert.equal((await ask('HEAD', '/docs/fresh')).headers.get('x-object-meta-b'), null);
  assert.equal((await ask('PUT', '/docs/x', { 'x-copy-from': '/docs/nothing' })).status, 404);
});

test('anonymous callers and other projects have the access that the ACLs of the container grant', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/o', {}, 'text');
  const as = async (token: string | undefined, method: string, to: string, body?: string) => {
    const answer = await ask(
      method,
      to,
      token === undefined ? { 'x-auth-token': '' } : { 'x-auth-token': token },
      body,
    );
    return answer.status;
  };
  assert.equal(await as(undefined, 'GET', '/docs/o'), 401);
  assert.equal(await as('v:q:member', 'GET', '/docs/o'), 403);
  assert.equal(await as('v:q:admin', 'GET', ''), 403);
  assert.equal(await as('u:p:reader', 'GET', '/docs/o'), 200);
  assert.equal(await as('u:p:reader', 'PUT', '/docs/o', 'x'), 403);
  assert.equal(await as('v:q:ResellerAdmin', 'GET', ''), 200);
  assert.equal((await ask('POST', '/docs', { 'x-container-read': '.r:*', 'x-container-write': 'q:v' })).status, 204);
  assert.equal(await as(undefined, 'GET', '/docs/o'), 200);
  assert.equal(await as(undefined, 'GET', '/docs'), 401);
  assert.equal(await as('v:q:member', 'PUT', '/docs/n', 'x'), 201);
  assert.equal(await as('w:q:member', 'PUT', '/docs/n', 'x'), 403);
  assert.equal(await as('v:q:member', 'POST', '/docs'), 403);
  assert.equal((await ask('POST', '/docs', { 'x-container-read': '.r:*,.rlistings' })).status, 204);
  assert.equal(await as(undefined, 'GET', '/docs'), 200);
  assert.equal((await ask('POST', '/docs', { 'x-container-write': '.r:*' })).status, 400);
  assert.equal((await ask('HEAD', '/docs', { 'x-auth-token': '' })).headers.get('x-container-read'), null);
});

test('a dynamic large object is all objects with its prefix, in order', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  for (const part of ['1', '2', '3']) await ask('PUT', `/docs/big/${part}`, {}, part.repeat(10));
  await ask('PUT', '/docs/big', { 'x-object-manifest': 'docs/big/' }, '');
  const whole = await ask('GET', '/docs/big');
  assert.equal(await whole.text(), '111111111122222222223333333333');
  assert.equal(whole.headers.get('content-length'), '30');
  assert.equal(await (await ask('GET', '/docs/big', { range: 'bytes=8-21' })).text(), '11222222222233');
  assert.equal((await ask('HEAD', '/docs/big')).headers.get('content-length'), '30');
});

test('a static large object is validated, read as one, and deleted with its segments', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  const parts = ['one', 'two', 'three'];
  for (const part of parts) await ask('PUT', `/docs/s/${part}`, {}, part);
  const manifest = parts.map((part) => ({ path: `/docs/s/${part}`, etag: md5(part), size_bytes: part.length }));
  const wrong = [...manifest, { path: '/docs/none', etag: null, size_bytes: 1 }];
  const refused = await ask('PUT', '/docs/big?multipart-manifest=put', {}, JSON.stringify(wrong));
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /\/docs\/none, 404/);
  const put = await ask('PUT', '/docs/big?multipart-manifest=put', {}, JSON.stringify(manifest));
  assert.equal(put.status, 201);
  assert.equal(put.headers.get('etag'), `"${md5(parts.map(md5).join(''))}"`);
  const get = await ask('GET', '/docs/big');
  assert.deepEqual([await get.text(), get.headers.get('x-static-large-object')], ['onetwothree', 'True']);
  assert.equal(await (await ask('GET', '/docs/big', { range: 'bytes=2-6' })).text(), 'etwot');
  assert.equal(((await (await ask('GET', '/docs/big?multipart-manifest=get')).json()) as unknown[]).length, 3);
  assert.equal((await ask('DELETE', '/docs/big?multipart-manifest=delete')).status, 200);
  assert.equal((await ask('GET', '/docs')).status, 204);
});

test('an object with X-Delete-At is deleted at that time', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/o', { 'x-delete-after': '1000' }, 'text');
  assert.equal((await ask('GET', '/docs/o')).status, 200);
  assert.equal((await ask('POST', '/docs/o', { 'x-delete-after': '1' })).status, 202);
  await until(t, async () => (await ask('HEAD', '/docs/o')).status === 404);
});

test('capabilities and health need no token', async (t) => {
  const { url } = await startStore(t);
  const info = (await (await fetch(`${url}/info`)).json()) as { swift: { max_file_size: number } };
  assert.equal(info.swift.max_file_size, 5_368_709_122);
  assert.equal(await (await fetch(`${url}/healthcheck`)).text(), 'OK');
  assert.equal((await fetch(`${url}/v1/AUTH_p`)).status, 401);
});

test('the type of an object without one follows from the ending of its name, as Python knows it', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  const types = {
    'a.json': 'application/json',
    'a.py': 'text/x-python',
    'a.b.WAV': 'audio/x-wav',
    'a.woff2': 'font/woff2',
    json: 'application/octet-stream',
    'a.json/b': 'application/octet-stream',
  };
  for (const [name, type] of Object.entries(types)) {
    await ask('PUT', `/docs/${name}`, { 'content-type': '' }, 'text');
    assert.equal((await ask('HEAD', `/docs/${name}`)).headers.get('content-type'), type, name);
  }
});

test('a listing has the media type that the client prefers', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/o', {}, 'text');
  const types = {
    '*/*': 'text/plain',
    'application/json': 'application/json',
    'text/plain;q=0.5, application/xml': 'application/xml',
    'application/*;q=0.2': 'application/json',
  };
  for (const [accept, type] of Object.entries(types))
    assert.equal((await ask('GET', '/docs', { accept })).headers.get('content-type'), `${type}; charset=utf-8`, accept);
  assert.equal((await ask('GET', '/docs', { accept: 'image/png' })).status, 406);
});
