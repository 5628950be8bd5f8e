/** Who is let in: by names, by roles, by nothing at all, and what is said when it is not known. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { filesBelow, startStore } from '../../test/e2e/object-cloud.ts';
import { routes } from './routes.ts';

const owner = (domain: string) => ({ 'x-auth-token': `u:p:member:${domain}` });
const anonymous = { 'x-auth-token': 'v:q:member:default' };

async function container(t: TestContext, domain: string, acl: Record<string, string>) {
  const store = await startStore(t);
  await store.ask('PUT', '/docs', owner(domain));
  await store.ask('PUT', '/docs/o', owner(domain), 'text');
  assert.equal((await store.ask('POST', '/docs', { ...owner(domain), ...acl })).status, 204);
  return store;
}

test('names in an ACL count only where caller, project and account are in the default domain', async (t) => {
  const acl = { 'x-container-read': 'q-name:v-name', 'x-container-write': 'q-name:v-name' };
  for (const [domain, read, write] of [
    ['default', 200, 201],
    ['d2', 403, 403],
  ] as const) {
    const { ask } = await container(t, domain, acl);
    assert.equal((await ask('GET', '/docs/o', anonymous)).status, read, domain);
    assert.equal((await ask('PUT', '/docs/n', anonymous, 'x')).status, write, domain);
    assert.equal((await ask('GET', '/docs/o', { 'x-auth-token': 'v:q:member:d2' })).status, 403);
    const { headers } = await ask('HEAD', '', owner(domain));
    assert.equal(headers.get('x-account-project-domain-id'), domain);
  }
});

test("a role in an ACL counts only for users of the account's project", async (t) => {
  const { ask } = await container(t, 'default', { 'x-container-read': 'auditor' });
  assert.equal((await ask('GET', '/docs/o', { 'x-auth-token': 'w:p:auditor:default' })).status, 200);
  assert.equal((await ask('GET', '/docs/o', { 'x-auth-token': 'v:q:auditor:default' })).status, 403);
});

test('a public container can be read with an expired token too', async (t) => {
  const { ask } = await container(t, 'default', { 'x-container-read': '.r:*' });
  assert.equal((await ask('GET', '/docs/o', { 'x-auth-token': 'ended' })).status, 200);
  assert.equal((await ask('GET', '/docs', { 'x-auth-token': 'ended' })).status, 401);
  assert.equal((await ask('PUT', '/docs/n', { 'x-auth-token': 'ended' }, 'x')).status, 401);
});

test('OSSA-2012-001: the project in the path is that of the token, on every route', async (t) => {
  const { ask, url, folder } = await container(t, 'default', { 'x-container-read': '' });
  const before = filesBelow(join(folder, 'object-agent')).length;
  const named = { account: 'AUTH_p', container: 'docs', '*object': 'o' };
  for (const { method, path, auth } of routes) {
    if (auth === 'none' || !path.includes(':account')) continue;
    const to = path.replace(
      /[:*](\w+)/g,
      (all, name: string) => named[all.startsWith('*') ? '*object' : (name as 'account')],
    );
    const headers = { 'x-auth-token': 'v:q:member,reader,admin:default', destination: 'docs/new' };
    const answer = await fetch(url + to, { method: method.toUpperCase(), headers });
    assert.equal(answer.status, 403, `${method} ${path}`);
  }
  assert.equal(filesBelow(join(folder, 'object-agent')).length, before);
  assert.equal(await (await ask('GET', '/docs/o', owner('default'))).text(), 'text');
});

test('OSSN-0077, FIX-SW-50221: without write access nothing is copied or archived, and internal headers of clients are dropped', async (t) => {
  const { ask, folder } = await container(t, 'default', { 'x-container-read': '*:*' });
  const before = filesBelow(join(folder, 'object-agent')).length;
  const hostile = {
    ...anonymous,
    'x-copy-from': '/docs/o',
    'x-container-host': '127.0.0.1:1',
    'x-container-device': 'd1',
    'x-delete-at-host': '127.0.0.1:1',
    'x-backend-secret': 'x',
  };
  assert.equal((await ask('PUT', '/docs/copy', hostile)).status, 403);
  assert.equal(filesBelow(join(folder, 'object-agent')).length, before);
});

test('OSSA-2013-022: timestamps and internal headers of clients are dropped', async (t) => {
  const { ask, folder } = await startStore(t);
  const old = {
    'x-timestamp': '0000000001.00000',
    'x-backend-timestamp': '0000000001.00000',
    'x-object-sysmeta-slo-size': '7',
    'x-static-large-object': 'True',
    'x-account-sysmeta-quota-bytes': '1',
    'x-container-sysmeta-a': 'b',
  };
  await ask('PUT', '/docs', old);
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await ask('PUT', '/docs/o', old, 'text')).status, 201);
  const { headers } = await ask('HEAD', '/docs/o');
  assert.ok(Number(headers.get('x-timestamp')) > 1e9);
  assert.equal(headers.get('x-static-large-object'), null);
  for (let turn = 0; turn < 3; turn += 1) await ask('DELETE', '/docs/o', old);
  const files = filesBelow(join(folder, 'object-agent', 'd1', 'objects'));
  assert.equal(files.length, 1, 'one tombstone, however often');
});

test('a ring that does not answer is a 503, not a refusal', async (t) => {
  const { ask, folder } = await container(t, 'default', { 'x-container-read': '*:*' });
  for (const device of ['d1', 'd2']) renameSync(join(folder, 'object-agent', device), join(folder, device));
  renameSync(join(folder, 'object-agent', 'd3'), join(folder, 'd3'));
  assert.equal((await ask('GET', '/docs/o', anonymous)).status, 503);
  assert.equal((await ask('GET', '/docs/o', { 'x-auth-token': '' })).status, 503);
});

test('OSSA-2014-020: paths in response headers and pages can inject neither headers nor markup', async (t) => {
  const { url } = await startStore(t);
  for (const path of ['%0d%0aX-Evil:%201', '%22%3E%3Cscript%3E', '%C3%A4%E2%82%AC', '<b>']) {
    const answer = await fetch(`${url}/v1/AUTH_${path}/c`);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('x-evil'), null);
    assert.doesNotMatch(`${answer.headers.get('www-authenticate')}${await answer.text()}`, /<script|<b>/);
  }
});
