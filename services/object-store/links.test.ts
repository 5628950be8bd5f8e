/** Symbolic links between objects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { md5, startStore } from '../../test/e2e/object-cloud.ts';

const link = (target: string, more = {}) => ({ 'x-symlink-target': target, 'content-length': '0', ...more });

test('a link is read as its target, and with symlink=get as itself', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c');
  await ask('PUT', '/c/my%20target', { 'content-type': 'text/x-mine' }, 'content');
  assert.equal((await ask('PUT', '/c/link', link('c/my%20target'))).status, 201);
  const answer = await ask('GET', '/c/link');
  assert.deepEqual(
    [await answer.text(), answer.headers.get('content-type'), answer.headers.get('content-location')],
    ['content', 'text/x-mine', '/v1/AUTH_p/c/my%20target'],
  );
  assert.equal(await (await ask('GET', '/c/link', { range: 'bytes=0-2' })).text(), 'con');
  const itself = await ask('HEAD', '/c/link?symlink=get');
  assert.deepEqual(
    [itself.headers.get('x-symlink-target'), itself.headers.get('content-length')],
    ['c/my%20target', '0'],
  );
  const [listed] = (await (await ask('GET', '/c?format=json&prefix=link')).json()) as Record<string, unknown>[];
  assert.deepEqual(
    [listed?.symlink_path, listed?.content_type, listed?.hash],
    ['/v1/AUTH_p/c/my%20target', 'application/symlink', md5('')],
  );
  const posted = await ask('POST', '/c/link', { 'x-object-meta-a': 'b', redirect: 'manual' }).catch(() => undefined);
  assert.equal(posted?.url.endsWith('/v1/AUTH_p/c/my%20target'), true); // fetch follows a 307
  assert.equal((await ask('DELETE', '/c/link')).status, 204);
  assert.equal((await ask('GET', '/c/my%20target')).status, 200);
});

test('a link with an ETag stands for one version of its target alone', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c');
  await ask('PUT', '/c/o', {}, 'one');
  assert.equal((await ask('PUT', '/c/l', link('c/o', { 'x-symlink-target-etag': md5('two') }))).status, 409);
  assert.equal((await ask('PUT', '/c/l', link('c/none', { 'x-symlink-target-etag': md5('two') }))).status, 409);
  assert.equal((await ask('PUT', '/c/l', link('c/o', { 'x-symlink-target-etag': md5('one') }))).status, 201);
  assert.equal(await (await ask('GET', '/c/l')).text(), 'one');
  const [listed] = (await (await ask('GET', '/c?format=json&prefix=l')).json()) as Record<string, unknown>[];
  assert.deepEqual([listed?.symlink_etag, listed?.symlink_bytes], [md5('one'), 3]);
  await ask('PUT', '/c/o', {}, 'two');
  assert.equal((await ask('GET', '/c/l')).status, 409);
});

test('links that lead nowhere, to themselves or around are refused', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c');
  assert.equal((await ask('PUT', '/c/l', link('c/l'))).status, 400);
  assert.equal((await ask('PUT', '/c/l', link('c'))).status, 412);
  assert.equal((await ask('PUT', '/c/l', { 'x-symlink-target': 'c/o' }, 'bytes')).status, 400);
  await ask('PUT', '/c/a', link('c/b'));
  await ask('PUT', '/c/b', link('c/a'));
  assert.equal((await ask('GET', '/c/a')).status, 409);
  await ask('PUT', '/c/nowhere', link('c/none'));
  assert.equal((await ask('GET', '/c/nowhere')).status, 404);
});

test('a link opens nothing that its reader may not read', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/private');
  await ask('PUT', '/private/o', {}, 'secret');
  await ask('PUT', '/open', { 'x-container-read': '.r:*' });
  await ask('PUT', '/open/l', link('private/o'));
  assert.equal((await ask('GET', '/open/l', { 'x-auth-token': '' })).status, 401);
  assert.equal((await ask('GET', '/open/l', { 'x-auth-token': 'x:q:member' })).status, 403);
});

test('a link is copied as a link with symlink=get, otherwise as its target', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/c');
  await ask('PUT', '/c/o', {}, 'content');
  await ask('PUT', '/c/l', link('c/o'));
  assert.equal((await ask('COPY', '/c/l?symlink=get', { destination: 'c/l2' })).status, 201);
  assert.equal((await ask('COPY', '/c/l', { destination: 'c/p' })).status, 201);
  await ask('PUT', '/c/o', {}, 'changed');
  assert.deepEqual(
    [await (await ask('GET', '/c/l2')).text(), await (await ask('GET', '/c/p')).text()],
    ['changed', 'content'],
  );
});
