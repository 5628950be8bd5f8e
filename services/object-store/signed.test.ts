/** Temporary URLs and forms: signatures in place of a token. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { startStore } from '../../test/e2e/object-cloud.ts';

const anonymous = { 'x-auth-token': '' };
const soon = () => Math.floor(Date.now() / 1000) + 60;
const sign = (text: string, digest = 'sha256', key = 'secret') => createHmac(digest, key).update(text).digest('hex');

async function opened(t: TestContext) {
  const store = await startStore(t);
  await store.ask('POST', '', { 'x-account-meta-temp-url-key': 'secret' });
  await store.ask('PUT', '/c', { 'x-container-meta-temp-url-key-2': 'inner' });
  await store.ask('PUT', '/c/a/o', { 'x-object-meta-x': '1', 'x-object-meta-public-y': '2' }, 'content');
  const visit = (method: string, to: string, query: Record<string, string>, more = {}, body?: string) =>
    store.ask(method, `${to}?${new URLSearchParams(query)}`, { ...anonymous, ...more }, body);
  const url = (method: string, path = '/c/a/o', { end = soon(), digest = 'sha256', key = 'secret' } = {}) => ({
    temp_url_sig: sign(`${method}\n${end}\n/v1/AUTH_p${path}`, digest, key),
    temp_url_expires: String(end),
  });
  return { ...store, visit, url };
}

test('a temporary URL opens one object, for one method, until its end', async (t) => {
  const { visit, url } = await opened(t);
  const answer = await visit('GET', '/c/a/o', url('GET'));
  assert.deepEqual([answer.status, await answer.text()], [200, 'content']);
  assert.equal(answer.headers.get('content-disposition'), `attachment; filename="o"; filename*=UTF-8''o`);
  assert.deepEqual([answer.headers.get('x-object-meta-x'), answer.headers.get('x-object-meta-public-y')], [null, '2']);
  assert.equal((await visit('HEAD', '/c/a/o', url('GET'))).status, 200);
  assert.equal((await visit('GET', '/c/a/o', url('GET', '/c/a/o', { key: 'inner', digest: 'sha512' }))).status, 200);
  const refused = [
    visit('PUT', '/c/a/o', url('GET'), {}, 'x'),
    visit('GET', '/c/a/p', url('GET')),
    visit('GET', '/c/a/o', url('GET', '/c/a/o', { end: 1 })),
    visit('GET', '/c/a/o', url('GET', '/c/a/o', { key: 'wrong' })),
    visit('GET', '/c/a/o', url('GET', '/c/a/o', { digest: 'sha1' })),
    visit('GET', '/c/a/o', { temp_url_sig: 'x' }),
    visit('GET', '/c', url('GET', '/c')),
  ];
  assert.deepEqual(new Set((await Promise.all(refused)).map(({ status }) => status)), new Set([401]));
});

test('a temporary URL may be for a prefix, for some addresses, and name the file that a browser saves', async (t) => {
  const { visit } = await opened(t);
  const end = soon();
  const prefix = { temp_url_prefix: 'a/', temp_url_expires: new Date(end * 1000).toISOString().replace('.000', '') };
  const signed = (range?: string) => ({
    ...prefix,
    ...(range ? { temp_url_ip_range: range } : {}),
    temp_url_sig: sign(`${range ? `ip=${range}\n` : ''}GET\n${end}\nprefix:/v1/AUTH_p/c/a/`),
  });
  const named = await visit('GET', '/c/a/o', { ...signed(), filename: 'my file', inline: '' });
  assert.equal(named.headers.get('content-disposition'), `inline; filename="my file"; filename*=UTF-8''my%20file`);
  assert.equal((await visit('GET', '/c/b', signed())).status, 401);
  assert.equal((await visit('GET', '/c/a/o', signed('127.0.0.0/8'))).status, 200);
  assert.equal((await visit('GET', '/c/a/o', signed('10.0.0.0/8'))).status, 401);
  assert.equal((await visit('GET', '/c/a/o', { ...signed('10.0.0.0/8'), temp_url_ip_range: '0.0.0.0/0' })).status, 401);
});

test('an upload by a temporary URL must not refer to other objects', async (t) => {
  const { visit, url } = await opened(t);
  assert.equal((await visit('PUT', '/c/new', url('PUT', '/c/new'), {}, 'x')).status, 201);
  assert.equal((await visit('PUT', '/c/new', url('PUT', '/c/new'), { 'x-object-manifest': 'd/x' })).status, 400);
  assert.equal((await visit('PUT', '/c/new', url('PUT', '/c/new'), { 'x-copy-from': 'c/a/o' })).status, 400);
});

test('keys are shown only to those who may set them', async (t) => {
  const { ask } = await opened(t);
  const reader = { 'x-auth-token': 'r:p:reader' };
  assert.equal((await ask('HEAD', '')).headers.get('x-account-meta-temp-url-key'), 'secret');
  assert.equal((await ask('HEAD', '', reader)).headers.get('x-account-meta-temp-url-key'), null);
  assert.equal((await ask('HEAD', '/c', reader)).headers.get('x-container-meta-temp-url-key-2'), null);
});

interface Form {
  readonly fields?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly key?: string;
}

async function form(t: TestContext) {
  const { ask } = await opened(t);
  const post = async (to: string, { fields = {}, files = { 'one.txt': 'first' }, key = 'secret' }: Form) => {
    const all = { redirect: '', max_file_size: '100', max_file_count: '2', expires: String(soon()), ...fields };
    const text = ['redirect', 'max_file_size', 'max_file_count', 'expires'].map((name) => all[name as 'expires']);
    const signature = sign([`/v1/AUTH_p${to}`, ...text].join('\n'), 'sha512', key);
    const parts = [
      ...Object.entries({ ...all, signature }).map(
        ([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`,
      ),
      ...Object.entries(files).map(
        ([name, value]) =>
          `Content-Disposition: form-data; name="f"; filename="${name}"\r\nContent-Type: text/x-mine\r\n\r\n${value}`,
      ),
    ];
    const body = `${parts.map((part) => `--b0\r\n${part}\r\n`).join('')}--b0--\r\n`;
    const type = { 'content-type': 'multipart/form-data; boundary=b0' };
    return ask('POST', to, { ...anonymous, ...type }, body);
  };
  return { ask, post };
}

test('the files of a signed form become objects below its path', async (t) => {
  const { ask, post } = await form(t);
  const answer = await post('/c/up/', { files: { 'one.txt': 'first\r\n--b', 'two.txt': '' } });
  assert.deepEqual([answer.status, await answer.text()], [201, '201 Created']);
  const one = await ask('GET', '/c/up/one.txt');
  assert.deepEqual([await one.text(), one.headers.get('content-type')], ['first\r\n--b', 'text/x-mine']);
  assert.equal((await ask('GET', '/c/up/two.txt')).headers.get('content-length'), '0');
  assert.equal((await post('/c', { key: 'inner', fields: { x_delete_after: '100' } })).status, 201);
  assert.ok((await ask('HEAD', '/c/one.txt')).headers.get('x-delete-at'));
});

test('a form is refused when it is not signed, has expired, or has too many or too large files', async (t) => {
  const { ask, post } = await form(t);
  const statusOf = async (of: Form) => (await post('/c/x', of)).status;
  assert.equal(await statusOf({ key: 'wrong' }), 401);
  assert.equal(await statusOf({ fields: { expires: '1' } }), 401);
  assert.equal(await statusOf({ fields: { max_file_size: '3' } }), 400);
  assert.equal(await statusOf({ fields: { max_file_count: '0' } }), 400);
  assert.equal(await statusOf({ files: {} }), 400);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x${at}`, 'y']));
  assert.equal(await statusOf({ fields: many }), 400);
  assert.equal((await ask('GET', '/c?prefix=x')).status, 204);
});

test('a signature for a whole container opens its web site, whose links carry it on, and no other listing', async (t) => {
  const { ask, visit } = await opened(t);
  const end = String(soon());
  const signed = {
    temp_url_prefix: '',
    temp_url_expires: end,
    temp_url_sig: sign(`GET\n${end}\nprefix:/v1/AUTH_p/c/`),
  };
  for (const to of ['/c', '/c/']) assert.equal((await visit('GET', to, signed)).status, 401, to);
  await ask('POST', '/c', { 'x-container-meta-web-listings': 'true' });
  const page = await (await visit('GET', '/c/', signed)).text();
  const query = new URLSearchParams(signed).toString().replaceAll('&', '&amp;');
  assert.ok(page.includes(`<a href="a/?${query}">a/</a>`), page);
  assert.ok(!page.includes('href="..'));
  assert.match(await (await visit('GET', '/c/a/', signed)).text(), /href="\.\.\/\?temp_url_prefix=&amp;/);
});
