/** Authorization. */
import assert from 'node:assert/strict';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '#shared/db/open.ts';
import { routes } from '../../../services/identity/routes.ts';
import { many, one, openIdentity } from '../../fakes/identity.ts';
import { roleNamed } from './world.ts';

/** All rows except audit events, which also record refusals. */
async function rowsOf(home: string) {
  const db = openDatabase(`sqlite:${join(home, 'db', 'identity.sqlite')}`);
  const tables = await db('sqlite_master').where({ type: 'table' }).whereNot({ name: 'audit_events' }).pluck('name');
  const rows = await Promise.all(tables.map(async (name: string) => [name, await db(name)] as const));
  await db.destroy();
  return Object.fromEntries(rows);
}

test('OSSA-2012-013: a refused request changes nothing, on every route', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['reader']);
  const before = await rowsOf(world.home);
  let refused = 0;
  for (const { method, path } of routes.filter((route) => !['get', 'head'].includes(route.method))) {
    if (!path.startsWith('/v3/') || path.includes('/auth/tokens')) continue;
    const url = path
      .replace(/^\/v3/, '')
      .replace(/:(id|actorId|userId)\b/g, path.includes('projects') ? ann.projectId : ann.id);
    const body = { user: { name: 'root', enabled: false }, project: { enabled: false }, name: 'x' };
    const { status } = await world.ask(method.toUpperCase(), url.replace(/:\w+/g, 'x'), { token: ann.token, body });
    assert.ok(status >= 400, `${method} ${url} ${status}`);
    refused += 1;
  }
  assert.ok(refused > 80, `${refused}`);
  assert.deepEqual(await rowsOf(world.home), before);
});

test('OSSA-2013-010, OSSN-0003: the service does not start when others can read its keys', async (t) => {
  const { home, startAnother } = await openIdentity(t);
  const file = join(home, 'secrets', 'credential-keys');
  assert.equal(statSync(file).mode & 0o077, 0);
  chmodSync(file, 0o640);
  await assert.rejects(startAnother(), /may be read by others/);
});

test('OSSA-2013-028: revoking a role that was not granted is 404 and grants nothing', async (t) => {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['reader']);
  const grant = `/projects/${ann.projectId}/users/${ann.id}/roles/${await roleNamed(world, 'admin')}`;
  assert.equal((await world.ask('DELETE', grant, { token: admin })).status, 404);
  assert.equal((await world.ask('HEAD', grant, { token: admin })).status, 404);
});

test('OSSA-2014-015: a user and a group of one id do not share roles', async (t) => {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['reader']);
  const member = await roleNamed(world, 'member');
  assert.equal(
    (await world.ask('PUT', `/projects/${ann.projectId}/groups/${ann.id}/roles/${member}`, { token: admin })).status,
    404,
  );
});

test('OSSA-2014-029: an endpoint URL can contain the project and the user, and no other value', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const service = one(
    await world.ask('POST', '/services', { token, body: { service: { type: 'x', name: 'x' } } }),
    'service',
  );
  for (const url of ['http://h/$(admin_token)s', 'http://h/%(password)s', 'http://h/$(project_id)s'])
    await world.ask('POST', '/endpoints', {
      token,
      body: { endpoint: { service_id: service.id, interface: 'public', url } },
    });
  const { catalog } = one(
    await world.logIn(
      { name: 'admin', password: 'admin-password' },
      { project: { name: 'admin', domain: { id: 'default' } } },
    ),
    'token',
  );
  const urls = catalog.find(({ type }) => type === 'x')?.endpoints.map(({ url }) => url) ?? [];
  assert.equal(urls.length, 1);
  assert.match(urls[0] ?? '', /^http:\/\/h\/[0-9a-f]{32}$/);
});

test('OSSA-2018-002: the available scopes are those of the caller only', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  await world.person('bob', ['member']);
  const own = many(await world.ask('GET', '/auth/projects', { token: ann.token }), 'projects');
  assert.deepEqual(
    own.map(({ id }) => id),
    [ann.projectId],
  );
  assert.equal(many(await world.ask('GET', '/auth/domains', { token: ann.token }), 'domains').length, 0);
  const bobs = await world.person('eve', ['member']);
  assert.equal((await world.ask('GET', `/users/${bobs.id}/projects`, { token: ann.token })).status, 403);
});

test('OSSA-2019-006: users see their own credentials only', async (t) => {
  const world = await openIdentity(t);
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', ['manager'])];
  const body = { credential: { type: 'totp', blob: 'GEZDGNBVGY3TQOJQ' } };
  const { id } = one(await world.ask('POST', '/credentials', { token: ann.token, body }), 'credential');
  assert.equal(many(await world.ask('GET', '/credentials', { token: bob.token }), 'credentials').length, 0);
  assert.equal((await world.ask('GET', `/credentials/${id}`, { token: bob.token })).status, 403);
  assert.equal(many(await world.ask('GET', '/credentials', { token: ann.token }), 'credentials').length, 1);
});

test('OSSN-0010: users, projects and groups cannot be moved to another domain', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const ann = await world.person('ann', ['member']);
  const domain = one(await world.ask('POST', '/domains', { token, body: { domain: { name: 'd' } } }), 'domain');
  const group = one(await world.ask('POST', '/groups', { token, body: { group: { name: 'g' } } }), 'group');
  for (const [path, what] of [
    [`users/${ann.id}`, 'user'],
    [`projects/${ann.projectId}`, 'project'],
    [`groups/${group.id}`, 'group'],
  ] as const)
    assert.ok(
      [400, 403].includes(
        (await world.ask('PATCH', `/${path}`, { token, body: { [what]: { domain_id: domain.id } } })).status,
      ),
      what,
    );
});

test('FIX-KS-42999: attributes of the body do not influence rules', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  const lies = { user_id: ann.id, is_admin: true, target: { user: { domain_id: 'default' } }, roles: ['admin'] };
  const body = { user: { name: 'x', ...lies }, ...lies };
  assert.equal((await world.ask('POST', '/users?is_admin=1&user_id=x', { token: ann.token, body })).status, 403);
});
