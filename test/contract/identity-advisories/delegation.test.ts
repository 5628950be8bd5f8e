/** Limits of delegated tokens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { many, one, openIdentity } from '../../fakes/identity.ts';
import { appCredential, trusted } from './delegated.ts';
import { rescope, roleNamed } from './world.ts';

test('FIX-KS-42998: an application credential logs in its owner only', async (t) => {
  const world = await openIdentity(t);
  const { ann, by } = await appCredential(world, {});
  const bob = await world.person('bob', ['member']);
  assert.equal(one(await by({ user: { id: ann.id } }), 'token').user.id, ann.id);
  assert.equal((await by({ user: { id: bob.id } })).status, 401);
  assert.equal((await by({ secret: 'other' })).status, 401);
});

test('FIX-KS-APPCRED-RESCOPE, OSSA-2014-018, FIX-KS-43000: a delegated token cannot be delegated or widened', async (t) => {
  const world = await openIdentity(t);
  const { ann, token, by, path } = await appCredential(world, {});
  for (const scope of [{ project: { id: ann.projectId } }, { system: { all: true } }, 'unscoped']) {
    assert.ok([401, 403].includes((await rescope(world, token, scope)).status));
    assert.equal((await by({}, scope)).status, 401);
  }
  const trust = {
    trustor_user_id: ann.id,
    trustee_user_id: ann.id,
    impersonation: false,
    project_id: ann.projectId,
    roles: [{ name: 'member' }],
  };
  assert.equal((await world.ask('POST', '/OS-TRUST/trusts', { token, body: { trust } })).status, 403);
  assert.equal((await world.ask('GET', `/OS-TRUST/trusts?trustor_user_id=${ann.id}`, { token })).status, 403);
  assert.equal(
    (await world.ask('POST', path, { token, body: { application_credential: { name: 'two' } } })).status,
    403,
  );
});

test('the tokens of an application credential end with its deletion, and allow only the requests of its access rules', async (t) => {
  const world = await openIdentity(t);
  const { ann, made, token, path } = await appCredential(world, {
    access_rules: [{ service: 'identity', method: 'GET', path: '/v3/auth/projects' }],
  });
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 200);
  assert.equal((await world.ask('GET', '/auth/domains', { token })).status, 401);
  assert.equal((await world.ask('DELETE', `${path}/${made.id}`, { token: ann.token })).status, 204);
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 401);
});

test('OSSA-2014-022, OSSA-2014-006, OSSA-2013-032: a trust gives its roles in its project, while both users are enabled', async (t) => {
  const world = await openIdentity(t);
  const { ann, bob, made, use } = await trusted(world, true);
  const login = await use();
  const token = one(login, 'token');
  assert.deepEqual(
    [token.user.id, token.project.id, token.roles.map(({ name }) => name)],
    [ann.id, ann.projectId, ['reader']],
  );
  assert.ok((await rescope(world, login.token, { project: { id: bob.projectId } })).status >= 401);
  const path = `/users/${ann.id}/credentials/OS-EC2`;
  assert.equal(
    (await world.ask('POST', path, { token: login.token, body: { tenant_id: ann.projectId } })).status,
    403,
    'a reader',
  );
  await world.ask('PATCH', `/users/${bob.id}`, { token: await world.admin(), body: { user: { enabled: false } } });
  assert.equal((await world.ask('GET', '/auth/projects', { token: login.token })).status, 401, 'the trustee is out');
  await world.ask('PATCH', `/users/${bob.id}`, { token: await world.admin(), body: { user: { enabled: true } } });
  const again = await use();
  assert.equal(again.status, 201);
  assert.equal((await world.ask('DELETE', `/OS-TRUST/trusts/${made.id}`, { token: await world.admin() })).status, 204);
  assert.equal((await world.ask('GET', '/auth/projects', { token: again.token })).status, 401);
  assert.equal((await use()).status, 401);
});

test('a trust cannot be used, and its tokens are revoked, when the trustor loses a role', async (t) => {
  const world = await openIdentity(t);
  const { ann, use } = await trusted(world, false);
  const { token } = await use();
  const admin = await world.admin();
  await world.ask('DELETE', `/projects/${ann.projectId}/users/${ann.id}/roles/${await roleNamed(world, 'member')}`, {
    token: admin,
  });
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 401);
  assert.equal((await use()).status, 403);
});

test('FIX-KS-DELEG-BOUNDARY: a delegated token reaches no credential of another project', async (t) => {
  const world = await openIdentity(t);
  const { ann, token } = await appCredential(world, { unrestricted: true });
  const body = { credential: { type: 'totp', blob: 'x', user_id: ann.id } };
  const { id } = one(await world.ask('POST', '/credentials', { token: ann.token, body }), 'credential');
  const project = one(
    await world.ask('POST', '/projects', { token: await world.admin(), body: { project: { name: 'other' } } }),
    'project',
  );
  const keys = `/users/${ann.id}/credentials/OS-EC2`;
  const make = (tenant: string) => world.ask('POST', keys, { token: ann.token, body: { tenant_id: tenant } });
  const [near, far] = [one(await make(ann.projectId), 'credential'), one(await make(project.id), 'credential')];
  for (const path of [`/credentials/${id}`, `${keys}/${far.access}`]) {
    assert.equal((await world.ask('GET', path, { token })).status, 403, path);
    assert.equal((await world.ask('DELETE', path, { token })).status, 403, path);
    assert.equal((await world.ask('GET', path, { token: ann.token })).status, 200, path);
  }
  const seen = many(await world.ask('GET', keys, { token }), 'credentials').map(({ access }) => access);
  assert.deepEqual(seen, [near.access]);
  assert.equal(many(await world.ask('GET', '/credentials', { token }), 'credentials').length, 1);
});

test('OSSN-0021: delegations of a disabled or deleted user cannot be used', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const { ann, by } = await appCredential(world, {});
  const { use } = await trusted(world, true, ['giver', 'taker']);
  const giver = many(await world.ask('GET', '/users?name=giver', { token }), 'users')[0]?.id;
  for (const id of [ann.id, giver])
    await world.ask('PATCH', `/users/${id}`, { token, body: { user: { enabled: false } } });
  assert.equal((await by()).status, 401);
  assert.equal((await use()).status, 403);
  for (const id of [ann.id, giver]) await world.ask('DELETE', `/users/${id}`, { token });
  assert.equal((await by()).status, 401);
  assert.equal((await use()).status, 401);
});

test('FIX-KS-OAUTH-APPCRED: a delegated token cannot authorize a consumer', async (t) => {
  const world = await openIdentity(t);
  const { token } = await appCredential(world, { unrestricted: true });
  const body = { roles: [{ name: 'member' }] };
  assert.equal((await world.ask('PUT', '/OS-OAUTH1/authorize/any', { token, body })).status, 403);
});
