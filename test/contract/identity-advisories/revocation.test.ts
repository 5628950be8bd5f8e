/** Revocation of tokens and roles. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Claims, signToken } from '#shared/auth/token.ts';
import { openDatabase } from '#shared/db/open.ts';
import { getActiveKey, readTokenKeys } from '../../../services/identity/keys/store.ts';
import { one, openIdentity } from '../../fakes/identity.ts';
import { isGood, roleNamed } from './world.ts';

test('OSSA-2012-010, OSSA-2013-011, OSSN-0032: disabling or deleting a user, or a new password, revokes all tokens', async (t) => {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const changes = [
    (id: string) => world.ask('PATCH', `/users/${id}`, { token: admin, body: { user: { enabled: false } } }),
    (id: string) => world.ask('PATCH', `/users/${id}`, { token: admin, body: { user: { password: 'other' } } }),
    (id: string) => world.ask('DELETE', `/users/${id}`, { token: admin }),
  ];
  for (const [at, change] of changes.entries()) {
    const person = await world.person(`gone-${at}`, ['member']);
    assert.ok(await isGood(world, person.token));
    await change(person.id);
    assert.ok(!(await isGood(world, person.token)));
  }
});

test('OSSA-2012-014: revoking a role revokes tokens with it: direct, by group and inherited', async (t) => {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const member = await roleNamed(world, 'member');
  const ann = await world.person('ann', ['reader']);
  const group = one(await world.ask('POST', '/groups', { token: admin, body: { group: { name: 'g' } } }), 'group');
  const inGroup = `/groups/${group.id}/users/${ann.id}`;
  const grants = [
    `/projects/${ann.projectId}/users/${ann.id}/roles/${member}`,
    `/OS-INHERIT/domains/default/users/${ann.id}/roles/${member}/inherited_to_projects`,
    inGroup,
  ];
  await world.ask('PUT', `/projects/${ann.projectId}/groups/${group.id}/roles/${member}`, { token: admin });
  for (const grant of grants) {
    assert.equal((await world.ask('PUT', grant, { token: admin })).status, 204);
    const login = await world.logIn({ id: ann.id, password: ann.password }, { project: { id: ann.projectId } });
    assert.ok(
      one(login, 'token').roles.some(({ name }) => name === 'member'),
      grant,
    );
    assert.equal((await world.ask('DELETE', grant, { token: admin })).status, 204);
    assert.ok(!(await isGood(world, login.token)), grant);
  }
});

test('OSSA-2012-016, OSSA-2014-026: disabling a project or domain refuses its scope and revokes its tokens', async (t) => {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['member']);
  await world.ask('PATCH', `/projects/${ann.projectId}`, { token: admin, body: { project: { enabled: false } } });
  assert.ok(!(await isGood(world, ann.token)));
  const again = await world.logIn({ id: ann.id, password: ann.password }, { project: { id: ann.projectId } });
  assert.equal(again.status, 401);
});

test('OSSA-2013-009, OSSA-2013-014, OSSN-0034: a revoked token stays revoked on every route, and after a restart', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  const headers = { 'x-subject-token': ann.token };
  assert.equal((await world.ask('DELETE', '/auth/tokens', { token: ann.token, headers })).status, 204);
  const refused = async () => {
    const admin = await world.admin();
    assert.equal((await world.ask('GET', '/auth/tokens', { token: admin, headers })).status, 404);
    assert.equal((await world.ask('HEAD', '/auth/tokens', { token: admin, headers })).status, 404);
    assert.equal((await world.ask('GET', '/auth/tokens?allow_expired=1', { token: admin, headers })).status, 404);
    assert.equal((await world.ask('GET', '/auth/projects', { token: ann.token })).status, 401);
  };
  await refused();
  await world.restart();
  await refused();
});

test('OSSA-2013-014: a revoked and expired token stays revoked with allow_expired', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  const spare = (await world.logIn({ id: ann.id, password: ann.password })).token;
  await world.ask('DELETE', '/auth/tokens', { token: spare, headers: { 'x-subject-token': spare } });
  const db = openDatabase(`sqlite:${join(world.home, 'db', 'identity.sqlite')}`);
  t.after(() => db.destroy());
  const { kid, key } = await getActiveKey(db);
  const expired = (token: string) => {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
    return signToken({ ...claims, exp: Date.now() / 1000 - 1 }, kid, key);
  };
  const statusOf = async (token: string, query = '') =>
    (
      await world.ask('GET', `/auth/tokens${query}`, {
        token: await world.admin(),
        headers: { 'x-subject-token': expired(token) },
      })
    ).status;
  assert.equal(await statusOf(ann.token), 404);
  assert.equal(await statusOf(ann.token, '?allow_expired=1'), 200);
  assert.equal(await statusOf(spare, '?allow_expired=1'), 404);
  const later = Date.now() + 3_700_000;
  assert.deepEqual((await readTokenKeys(db, { validAt: later })).revoked, [], 'services need not know it any more');
  assert.equal((await readTokenKeys(db)).revoked.length, 1, 'but identity does');
});

test('OSSN-0009: leaving a group revokes tokens with its roles, and no others', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const ann = await world.person('ann', ['member']);
  const reader = await roleNamed(world, 'reader');
  const make = async (what: 'group' | 'project', name: string) =>
    one(await world.ask('POST', `/${what}s`, { token, body: { [what]: { name } } }), what).id;
  const project = await make('project', 'of the groups');
  for (const leave of [
    (group: string) => world.ask('DELETE', `/groups/${group}/users/${ann.id}`, { token }),
    (group: string) => world.ask('DELETE', `/groups/${group}`, { token }),
  ]) {
    const group = await make('group', `g-${leave.toString().length}`);
    await world.ask('PUT', `/groups/${group}/users/${ann.id}`, { token });
    await world.ask('PUT', `/projects/${project}/groups/${group}/roles/${reader}`, { token });
    const inside = (await world.logIn({ id: ann.id, password: ann.password }, { project: { id: project } })).token;
    assert.equal((await leave(group)).status, 204);
    assert.ok(!(await isGood(world, inside)));
    assert.ok(await isGood(world, ann.token));
  }
});

test('a user who is disabled during a login gets no valid token', async (t) => {
  const world = await openIdentity(t, { argonKib: 4096, argonPasses: 6 });
  const token = await world.admin();
  const ann = await world.person('ann', ['member']);
  const login = world.logIn({ id: ann.id, password: ann.password }, { project: { id: ann.projectId } });
  await world.ask('PATCH', `/users/${ann.id}`, { token, body: { user: { enabled: false } } });
  const late = (await login).token;
  assert.ok(late === '' || !(await isGood(world, late)));
});
