/** What was given on in part stays a part. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { one, openIdentity } from '../../fakes/identity.ts';
import { appCredential, trusted } from './delegated.ts';
import { rescope, roleNamed } from './world.ts';

test('FIX-KS-42998: an application credential logs in its owner and nobody else', async (t) => {
  const world = await openIdentity(t);
  const { ann, by } = await appCredential(world, {});
  const bob = await world.person('bob', ['member']);
  assert.equal(one(await by({ user: { id: ann.id } }), 'token').user.id, ann.id);
  assert.equal((await by({ user: { id: bob.id } })).status, 401);
  assert.equal((await by({ secret: 'other' })).status, 401);
});

test('FIX-KS-APPCRED-RESCOPE, OSSA-2014-018, FIX-KS-43000: what was delegated is not delegated on, nor widened', async (t) => {
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

test('an application credential ends with its deletion, and allows the requests that it names', async (t) => {
  const world = await openIdentity(t);
  const { ann, made, token, path } = await appCredential(world, {
    access_rules: [{ service: 'identity', method: 'GET', path: '/v3/auth/projects' }],
  });
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 200);
  assert.equal((await world.ask('GET', '/auth/domains', { token })).status, 401);
  assert.equal((await world.ask('DELETE', `${path}/${made.id}`, { token: ann.token })).status, 204);
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 401);
});

test('OSSA-2014-022, OSSA-2014-006, OSSA-2013-032: a trust gives its roles in its project, while both are well', async (t) => {
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

test('a trust that lost a role of the trustor gives nothing, and its token is out', async (t) => {
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
  assert.equal((await world.ask('GET', `/credentials/${id}`, { token })).status, 403);
});
