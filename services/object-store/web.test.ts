/** Containers as web sites, and pages of other origins. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startStore } from '../../test/e2e/object-cloud.ts';

const anonymous = { 'x-auth-token': '' };

async function site(t: TestContext, more: Record<string, string> = {}) {
  const { ask, url } = await startStore(t);
  await ask('PUT', '/w', {
    'x-container-read': '.r:*,.rlistings',
    'x-container-meta-web-index': 'index.html',
    ...more,
  });
  for (const [name, content] of [
    ['index.html', 'home'],
    ['sub/index.html', 'inner'],
    ['list/a.txt', 'a'],
    ['404error.html', 'my own page'],
  ] as const)
    await ask('PUT', `/w/${name}`, {}, content);
  const visit = (to: string, headers = {}) =>
    fetch(`${url}/v1/AUTH_p/w${to}`, { headers: { ...anonymous, ...headers }, redirect: 'manual' });
  return { url, ask, visit };
}

test('a container with an index is a web site for callers without a token', async (t) => {
  const { visit, url } = await site(t);
  const home = await visit('/');
  assert.deepEqual([home.status, await home.text()], [200, 'home']);
  for (const [from, to] of [
    ['', '/v1/AUTH_p/w/'],
    ['/sub', '/v1/AUTH_p/w/sub/'],
  ] as const) {
    const moved = await visit(from);
    assert.deepEqual([moved.status, moved.headers.get('location')], [301, url + to]);
  }
  assert.equal(await (await visit('/sub/')).text(), 'inner');
  assert.equal((await visit('/list/')).status, 404);
  assert.match(await (await visit('/', { 'x-auth-token': 'u:p:member' })).text(), /^404error.html\nindex.html\n/);
});

test('a web site lists what is below a prefix where its owner wants that, with names that cannot become markup', async (t) => {
  const { ask, visit } = await site(t, {
    'x-container-meta-web-listings': 'true',
    'x-container-meta-web-listings-css': 'a.css',
  });
  await ask('PUT', '/w/list/%3Cb%3E%22', {}, 'x');
  const page = await (await visit('/list/')).text();
  assert.match(page, /<a href="a\.txt">a\.txt<\/a>/);
  assert.match(page, /&lt;b&gt;&quot;/);
  assert.match(page, /href="\.\.\/a\.css"/);
  await ask('POST', '/w', { 'x-container-read': '.r:*' });
  assert.equal((await visit('/list/')).status, 401);
});

test('a web site has pages of its own for errors', async (t) => {
  const { ask, visit } = await site(t, { 'x-container-meta-web-error': 'error.html' });
  const missing = await visit('/nothing');
  assert.deepEqual([missing.status, await missing.text()], [404, 'my own page']);
  await ask('POST', '/w', { 'x-remove-container-read': 'x' });
  assert.equal((await visit('/nothing')).status, 401);
});

test('a browser may read from other origins what the container allows', async (t) => {
  const { ask, visit } = await site(t, {
    'x-container-meta-access-control-allow-origin': 'http://a http://b',
    'x-container-meta-access-control-max-age': '9',
    'x-container-meta-access-control-expose-headers': 'x-mine',
  });
  const preflight = (origin: string, method = 'PUT') =>
    ask('OPTIONS', '/w/o', {
      ...anonymous,
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'x-a',
    });
  const allowed = (await preflight('http://b')).headers;
  assert.deepEqual(
    ['allow-origin', 'allow-headers', 'max-age'].map((name) => allowed.get(`access-control-${name}`)),
    ['http://b', 'x-a', '9'],
  );
  assert.match(allowed.get('access-control-allow-methods') ?? '', /GET.*PUT/);
  assert.deepEqual([(await preflight('http://c')).status, (await preflight('http://a', 'PATCH')).status], [401, 401]);
  assert.match((await ask('OPTIONS', '/w', anonymous)).headers.get('allow') ?? '', /HEAD.*OPTIONS/);
  const answer = await visit('/index.html', { origin: 'http://a' });
  assert.equal(answer.headers.get('access-control-allow-origin'), 'http://a');
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /etag.*x-mine/);
  assert.equal((await visit('/index.html', { origin: 'http://c' })).headers.get('access-control-allow-origin'), null);
  assert.equal(
    (await visit('/nothing', { origin: 'http://a' })).headers.get('access-control-allow-origin'),
    'http://a',
  );
});
