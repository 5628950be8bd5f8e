/** Versioned containers, in all three modes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startStore } from '../../test/e2e/object-cloud.ts';

interface Listed {
  readonly name: string;
  readonly version_id: string;
  readonly is_latest: boolean;
  readonly content_type: string;
  readonly bytes: number;
}

async function versioned(t: TestContext) {
  const { ask } = await startStore(t);
  await ask('PUT', '/c', { 'x-versions-enabled': 'true' });
  const put = async (content: string, name = 'o') =>
    (await ask('PUT', `/c/${name}`, {}, content)).headers.get('x-object-version-id') ?? '';
  const text = async (to: string) => {
    const answer = await ask('GET', to);
    return answer.status === 200 ? answer.text() : answer.status;
  };
  const list = async (query = '') => (await (await ask('GET', `/c?versions&format=json${query}`)).json()) as Listed[];
  return { ask, put, text, list };
}

test('each write of a versioned container is a version, and the last one is the object', async (t) => {
  const { ask, put, text, list } = await versioned(t);
  const [one, two] = [await put('one'), await put('two')];
  assert.deepEqual([await text('/c/o'), await text(`/c/o?version-id=${one}`)], ['two', 'one']);
  assert.equal((await ask('HEAD', '/c/o')).headers.get('x-object-version-id'), two);
  assert.deepEqual(
    (await list()).map(({ version_id, is_latest, bytes }) => [version_id, is_latest, bytes]),
    [
      [two, true, 3],
      [one, false, 3],
    ],
  );
  const [plain] = (await (await ask('GET', '/c?format=json')).json()) as Record<string, unknown>[];
  assert.deepEqual([plain?.bytes, plain?.symlink_path], [3, undefined]);
  assert.equal((await ask('HEAD', '/c')).headers.get('x-versions-enabled'), 'True');
});

test('a deletion is a version too; without it the object can be restored', async (t) => {
  const { ask, put, text, list } = await versioned(t);
  const one = await put('one');
  const gone = (await ask('DELETE', '/c/o')).headers.get('x-object-version-id') ?? '';
  assert.deepEqual([await text('/c/o'), await text(`/c/o?version-id=${gone}`)], [404, 404]);
  const [marker] = await list();
  assert.deepEqual([marker?.version_id, marker?.is_latest], [gone, true]);
  assert.match(marker?.content_type ?? '', /x-deleted/);
  assert.equal((await ask('PUT', `/c/o?version-id=${one}`)).status, 201);
  assert.equal(await text('/c/o'), 'one');
  assert.equal((await ask('DELETE', `/c/o?version-id=${one}`)).status, 204);
  assert.deepEqual([await text('/c/o'), await text(`/c/o?version-id=${one}`)], [404, 404]);
});

test('versions of many objects are listed by name, newest first, in pages', async (t) => {
  const { put, list } = await versioned(t);
  const wanted: string[] = [];
  for (const name of ['a', 'a/b', 'z']) {
    const ids = [await put('1', name), await put('2', name), await put('3', name)];
    wanted.push(...ids.toReversed().map((id) => `${name} ${id}`));
  }
  const seen: string[] = [];
  for (let query = '&limit=2'; ; ) {
    const page = await list(query);
    if (page.length === 0) break;
    seen.push(...page.map(({ name, version_id }) => `${name} ${version_id}`));
    const last = page.at(-1);
    query = `&limit=2&marker=${encodeURIComponent(last?.name ?? '')}&version_marker=${last?.version_id}`;
  }
  assert.deepEqual(seen, wanted);
  assert.equal((await list('&prefix=a/')).length, 3);
});

test('an object from before stays as a version, and a suspended container overwrites', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c');
  await ask('PUT', '/c/o', { 'x-object-meta-a': 'old' }, 'before');
  await ask('POST', '/c', { 'x-versions-enabled': 'true' });
  await ask('PUT', '/c/o', {}, 'after');
  const list = async () => (await (await ask('GET', '/c?versions&format=json')).json()) as Listed[];
  const old = (await list()).find(({ is_latest }) => !is_latest)?.version_id;
  const kept = await ask('GET', `/c/o?version-id=${old}`);
  assert.deepEqual([await kept.text(), kept.headers.get('x-object-meta-a')], ['before', 'old']);
  await ask('POST', '/c', { 'x-versions-enabled': 'false' });
  await ask('PUT', '/c/o', {}, 'plain');
  assert.equal(await (await ask('GET', '/c/o?version-id=null')).text(), 'plain');
  assert.equal((await list()).length, 3);
});

test('metadata of a versioned object is set on its current version', async (t) => {
  const { ask, put } = await versioned(t);
  const id = await put('one');
  assert.equal((await ask('POST', '/c/o', { 'x-object-meta-a': 'b' })).status, 202);
  assert.equal((await ask('HEAD', '/c/o')).headers.get('x-object-meta-a'), 'b');
  assert.equal((await ask('HEAD', `/c/o?version-id=${id}`)).headers.get('x-object-meta-a'), 'b');
});

test('large objects and copies are versions with the segments of their own account', async (t) => {
  const { ask, text, put } = await versioned(t);
  await ask('PUT', '/s');
  await ask('PUT', '/s/1', {}, 'abc');
  const made = await ask(
    'PUT',
    '/c/big?multipart-manifest=put',
    {},
    JSON.stringify([{ path: '/s/1' }, { path: 's/1' }]),
  );
  assert.equal(made.status, 201);
  const id = made.headers.get('x-object-version-id');
  await put('small', 'big');
  assert.deepEqual([await text('/c/big'), await text(`/c/big?version-id=${id}`)], ['small', 'abcabc']);
  assert.equal((await ask('COPY', `/c/big?version-id=${id}`, { destination: 's/copy' })).status, 201);
  assert.equal(await text('/s/copy'), 'abcabc');
});

test('versions count in quotas, and a container with versions is not deleted', async (t) => {
  const { ask, put } = await versioned(t);
  await put('12345');
  await put('12345');
  assert.equal((await ask('HEAD', '/c')).headers.get('x-container-bytes-used'), '10');
  await ask('POST', '/c', { 'x-container-meta-quota-bytes': '12' });
  assert.equal((await ask('PUT', '/c/o', {}, '12345')).status, 413);
  await ask('DELETE', '/c/o');
  assert.equal((await ask('DELETE', '/c')).status, 409);
});

test('nobody reaches versions but through their object', async (t) => {
  const { ask, put } = await versioned(t);
  const id = await put('one');
  assert.equal((await ask('GET', `/c/o?version-id=${id}`, { 'x-auth-token': 'x:q:member' })).status, 403);
  const { url } = await ask('HEAD', '/c');
  const hidden = url.replace('AUTH_p', '.versions-AUTH_p');
  for (const token of ['u:p:member', 'u:p:admin,member,reader'])
    assert.equal((await fetch(hidden, { headers: { 'x-auth-token': token } })).status, 403);
});

test('with X-Versions-Location a deletion brings back the previous object', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/old');
  await ask('PUT', '/c', { 'x-versions-location': 'old' });
  for (const content of ['one', 'two', 'three']) await ask('PUT', '/c/o', {}, content);
  const text = async () => (await ask('GET', '/c/o')).text();
  assert.equal(((await (await ask('GET', '/old?format=json')).json()) as unknown[]).length, 2);
  assert.equal(await text(), 'three');
  await ask('DELETE', '/c/o');
  assert.equal(await text(), 'two');
  await ask('DELETE', '/c/o');
  await ask('DELETE', '/c/o');
  assert.equal((await ask('GET', '/c/o')).status, 404);
  assert.equal((await ask('POST', '/c', { 'x-versions-enabled': 'true' })).status, 400);
});

test('with X-History-Location a deletion leaves a marker', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/old');
  await ask('PUT', '/c', { 'x-history-location': 'old' });
  await ask('PUT', '/c/o', {}, 'one');
  assert.equal((await ask('DELETE', '/c/o')).status, 204);
  const listed = (await (await ask('GET', '/old?format=json')).json()) as Listed[];
  assert.deepEqual(
    listed.map(({ content_type }) => content_type.includes('x-deleted')),
    [false, true],
  );
  assert.match(listed[0]?.name ?? '', /^001o\/\d{10}\.\d{5}$/);
});

test('an ACL of the container opens the current object, not its versions', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs', { 'x-versions-enabled': 'true', 'x-container-read': '*:v', 'x-container-write': '*:v' });
  const id = (await ask('PUT', '/docs/o', {}, 'text')).headers.get('x-object-version-id');
  const other = { 'x-auth-token': 'v:q:member' };
  assert.equal((await ask('GET', '/docs/o', other)).status, 200);
  for (const method of ['GET', 'HEAD', 'DELETE', 'PUT'])
    assert.equal((await ask(method, `/docs/o?version-id=${id}`, other)).status, 403, method);
  assert.equal((await ask('GET', `/docs/o?version-id=${id}`, { 'x-auth-token': 'r:p:reader' })).status, 200);
});

test('versions are listed backwards too, and only as JSON', async (t) => {
  const { ask, put, list } = await versioned(t);
  const [one, two, other] = [await put('1'), await put('22'), await put('333', 'p')];
  await ask('DELETE', '/c/p');
  const forwards = await list();
  assert.deepEqual(await list('&reverse=true'), forwards.toReversed());
  assert.deepEqual(
    forwards.map(({ is_latest }) => is_latest),
    [true, false, true, false],
  );
  assert.deepEqual([forwards[1]?.version_id, forwards[0]?.version_id, forwards[3]?.version_id], [one, two, other]);
  for (const query of ['format=xml', 'format=plain'])
    assert.equal((await ask('GET', `/c?versions&${query}`)).status, 406);
  assert.equal((await ask('GET', '/c?versions', { accept: 'text/plain' })).status, 406);
});

test('DELETE of the version null takes away the object, whatever it is, and no version', async (t) => {
  const { ask, put, text, list } = await versioned(t);
  await put('one');
  assert.equal((await ask('DELETE', '/c/o?version-id=null')).status, 204);
  assert.deepEqual([await text('/c/o'), (await list()).length], [404, 1]);
  assert.equal((await ask('DELETE', '/c/o?version-id=null')).status, 404);
});

test('an object of a versioned container expires, and its versions stay', { timeout: 20_000 }, async (t) => {
  const { ask } = await versioned(t);
  const made = await ask('PUT', '/c/o', { 'x-delete-after': '1' }, 'content');
  const version = made.headers.get('x-object-version-id');
  while ((await ask('HEAD', '/c/o')).status !== 404) t.signal.throwIfAborted();
  assert.equal(await (await ask('GET', `/c/o?version-id=${version}`)).text(), 'content');
});

test('who may write to a container may replace objects whose former content goes to another one', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/old');
  await ask('PUT', '/c', { 'x-versions-location': 'old', 'x-container-write': 'q:*' });
  const other = { 'x-auth-token': 'v:q:member' };
  for (const content of ['one', 'two']) assert.equal((await ask('PUT', '/c/\u00f6', other, content)).status, 201);
  const [kept] = (await (await ask('GET', '/old?format=json')).json()) as { name: string }[];
  assert.match(kept?.name ?? '', /^002\u00f6\//, 'the length is in bytes');
  assert.equal((await ask('GET', '/old', other)).status, 403);
});

test('a deletion marker of the history mode hides no version from the stack mode', async (t) => {
  const { ask, text } = await versioned(t);
  await ask('PUT', '/old');
  await ask('PUT', '/h', { 'x-history-location': 'old' });
  for (const content of ['one', 'two']) await ask('PUT', '/h/o', {}, content);
  await ask('DELETE', '/h/o');
  await ask('POST', '/h', { 'x-versions-location': 'old' });
  await ask('DELETE', '/h/o');
  assert.equal(await text('/h/o'), 'two');
  await ask('POST', '/h', { 'x-history-location': 'old' });
  for (const status of [204, 404]) assert.equal((await ask('DELETE', '/h/o')).status, status);
  await ask('POST', '/h', { 'x-versions-location': 'old' });
  assert.deepEqual([(await ask('DELETE', '/h/o')).status, await text('/h/o')], [204, 404], 'one marker of two');
  assert.deepEqual([(await ask('DELETE', '/h/o')).status, await text('/h/o')], [204, 'two']);
});

test('a content type that a POST has set stays when the next one names none', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c');
  await ask('PUT', '/c/o', { 'content-type': 'a/first' }, 'x');
  await ask('POST', '/c/o', { 'content-type': 'a/second' });
  await ask('POST', '/c/o', { 'x-object-meta-a': '1' });
  const head = await ask('HEAD', '/c/o');
  assert.deepEqual([head.headers.get('content-type'), head.headers.get('x-object-meta-a')], ['a/second', '1']);
});

test('segments of a dynamic large object may be versions, and what is read says which version it is', async (t) => {
  const { ask, put } = await versioned(t);
  for (const name of ['s/1', 's/2']) await put(name, name);
  await ask('PUT', '/c/big', { 'x-object-manifest': 'c/s/' }, '');
  const read = await ask('GET', '/c/big');
  assert.equal(await read.text(), 's/1s/2');
  const id = read.headers.get('x-object-version-id');
  assert.equal(read.headers.get('content-location'), `/v1/AUTH_p/c/big?version-id=${id}`);
});
