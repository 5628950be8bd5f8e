/** What is taken back is gone, everywhere and for good. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { one, openIdentity } from '../../fakes/identity.ts';
import { isGood, roleNamed } from './world.ts';

test('OSSA-2012-010, OSSA-2013-011, OSSN-0032: who is disabled, renamed by a password or deleted has no token left', async (t) => {
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

test('OSSA-2012-014: a token loses a role that is taken away, direct, by group and inherited', async (t) => {
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

test('OSSA-2012-016, OSSA-2014-026: nobody enters a disabled project or domain, and those inside are out', async (t) => {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['member']);
  await world.ask('PATCH', `/projects/${ann.projectId}`, { token: admin, body: { project: { enabled: false } } });
  assert.ok(!(await isGood(world, ann.token)));
  const again = await world.logIn({ id: ann.id, password: ann.password }, { project: { id: ann.projectId } });
  assert.equal(again.status, 401);
});

test('OSSA-2013-009, OSSA-2013-014, OSSN-0034: a revoked token stays so by every path, and after a restart', async (t) => {
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
