import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStore, until } from '../../test/e2e/object-cloud.ts';

const reseller = { 'x-auth-token': 'r:other:ResellerAdmin' };

const chunked = (url: string, to: string, bytes: number) =>
  fetch(`${url}/v1/AUTH_p${to}`, {
    method: 'PUT',
    headers: { 'x-auth-token': 'u:p:member' },
    body: new Response(new Uint8Array(bytes)).body,
    duplex: 'half',
  } as RequestInit);

test('the quota of a container holds for uploads of known and unknown length, for copies, and in parallel', async (t) => {
  const { ask, url } = await startStore(t);
  assert.equal((await ask('PUT', '/docs', { 'x-container-meta-quota-bytes': 'much' })).status, 400);
  assert.equal((await ask('PUT', '/docs', { 'x-container-meta-quota-bytes': '1000' })).status, 201);
  assert.equal((await ask('POST', '/docs', { 'x-container-meta-quota-count': '-1' })).status, 400);
  await ask('PUT', '/free');
  assert.equal((await ask('PUT', '/free/o', {}, 'x'.repeat(600))).status, 201);
  const refused = await ask('PUT', '/docs/o', {}, 'x'.repeat(1001));
  assert.deepEqual([refused.status, await refused.text()], [413, 'Upload exceeds quota.']);
  assert.equal((await chunked(url, '/docs/o', 1001)).status, 413);
  assert.equal((await ask('GET', '/docs/o')).status, 404);
  const all = await Promise.all(
    [...Array(12).keys()].map((at) =>
      at % 2 ? chunked(url, `/docs/${at}`, 300) : ask('PUT', `/docs/${at}`, {}, 'x'.repeat(300)),
    ),
  );
  assert.equal(all.filter(({ status }) => status === 201).length, 3);
  assert.equal(all.filter(({ status }) => status === 413).length, 9);
  assert.equal((await ask('COPY', '/free/o', { destination: 'docs/copy' })).status, 413);
  assert.equal((await ask('PUT', '/docs/copy', { 'x-copy-from': '/free/o' })).status, 413);
  await ask('POST', '/docs', { 'x-container-meta-quota-count': '3', 'x-remove-container-meta-quota-bytes': '' });
  assert.equal((await ask('PUT', '/docs/more', {}, '')).status, 413);
});

test('only a reseller sets the quota of an account, which limits all others', async (t) => {
  const { ask } = await startStore(t, { reportMs: 20 });
  await ask('PUT', '/docs');
  for (const name of [
    'x-account-meta-quota-bytes',
    'x-account-quota-bytes',
    'x-account-quota-count',
    'x-remove-account-meta-quota-bytes',
  ])
    assert.equal((await ask('POST', '', { [name]: '10' })).status, 403, name);
  assert.equal((await ask('POST', '', { ...reseller, 'x-account-quota-bytes': 'x' })).status, 400);
  assert.equal((await ask('POST', '', { ...reseller, 'x-account-meta-quota-bytes': '1000' })).status, 204);
  const { headers } = await ask('HEAD', '');
  assert.deepEqual([headers.get('x-account-quota-bytes'), headers.get('x-account-meta-quota-bytes')], ['1000', '1000']);
  assert.equal((await ask('PUT', '/docs/a', {}, 'x'.repeat(700))).status, 201);
  await until(t, async () => (await ask('HEAD', '')).headers.get('x-account-bytes-used') === '700');
  assert.equal((await ask('PUT', '/docs/b', {}, 'x'.repeat(400))).status, 413);
  assert.equal((await ask('PUT', '/docs/b', reseller, 'x'.repeat(400))).status, 201);
  assert.equal((await ask('POST', '', { ...reseller, 'x-remove-account-meta-quota-bytes': 'x' })).status, 204);
  assert.equal((await ask('PUT', '/docs/b', {}, 'x'.repeat(400))).status, 201);
});

test('unsupported features are refused by name', async (t) => {
  const { ask, url } = await startStore(t);
  await ask('PUT', '/docs');
  const { bulk_delete: bulk, ...info } = (await (await fetch(`${url}/info`)).json()) as Record<string, unknown>;
  assert.ok(bulk);
  for (const absent of ['container_sync']) assert.equal(info[absent], undefined, absent);
  for (const [method, to, header, value] of [
    ['POST', '/docs', 'x-container-sync-to', 'http://x'],
    ['POST', '', 'x-account-access-control', '{}'],
  ] as const) {
    const answer = await ask(method, to, { [header]: value });
    assert.equal(answer.status, 400, header);
    assert.match(await answer.text(), new RegExp(`^${header}: .* not supported`));
  }
  assert.match(await (await ask('PUT', '/docs?extract-archive=tar.bz2', {}, 'x')).text(), /not supported/);
  for (const header of ['x-versions-enabled', 'x-versions-location'])
    assert.equal((await ask('POST', '/docs', { [header]: header.endsWith('enabled') ? 'false' : '' })).status, 204);
  assert.equal((await ask('GET', '/new')).status, 404);
});
