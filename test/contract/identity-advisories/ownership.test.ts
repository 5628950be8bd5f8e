/** Resources of another user are not reachable by any id or filter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { many, one, openIdentity } from '../../fakes/identity.ts';

test('OSSN-0103: filters by another user or project give own resources or 403', async (t) => {
  const world = await openIdentity(t);
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', ['member'])];
  const body = { credential: { type: 'totp', blob: 'GEZDGNBVGY3TQOJQ' } };
  await world.ask('POST', '/credentials', { token: bob.token, body });
  const own = `user_id=${bob.id}&project_id=${bob.projectId}`;
  for (const [path, key] of [
    ['credentials', 'credentials'],
    ['limits', 'limits'],
    ['auth/projects', 'projects'],
    ['role_assignments', 'role_assignments'],
    ['projects', 'projects'],
    ['users', 'users'],
    ['groups', 'groups'],
    ['domains', 'domains'],
    ['OS-TRUST/trusts', 'trusts'],
    [`OS-TRUST/trusts?trustor_user_id=${bob.id}`, 'trusts'],
    ['OS-FEDERATION/projects', 'projects'],
  ] as const) {
    const answer = await world.ask('GET', `/${path}${path.includes('?') ? '&' : '?'}${own}`, { token: ann.token });
    if (answer.status === 403) continue;
    const text = JSON.stringify(many(answer, key));
    assert.ok(!text.includes(bob.id) && !text.includes(bob.projectId), `${path} ${text}`);
  }
});

test('OSSN-0102: a resource of a user is not found below another user', async (t) => {
  const world = await openIdentity(t);
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', ['member'])];
  const application_credential = { name: 'a', access_rules: [{ service: 'image', method: 'GET', path: '/v2/images' }] };
  const made = one(
    await world.ask('POST', `/users/${bob.id}/application_credentials`, {
      token: bob.token,
      body: { application_credential },
    }),
    'application_credential',
  );
  const [rule] = made.access_rules as { id: string }[];
  const key = one(
    await world.ask('POST', `/users/${bob.id}/credentials/OS-EC2`, {
      token: bob.token,
      body: { tenant_id: bob.projectId },
    }),
    'credential',
  );
  for (const below of [
    `application_credentials/${made.id}`,
    `access_rules/${rule?.id}`,
    `credentials/OS-EC2/${key.access}`,
  ])
    for (const method of ['GET', 'DELETE']) {
      const { status } = await world.ask(method, `/users/${ann.id}/${below}`, { token: ann.token });
      assert.ok([403, 404].includes(status), `${method} ${below} ${status}`);
    }
  assert.equal(
    (await world.ask('GET', `/users/${bob.id}/credentials/OS-EC2/${key.access}`, { token: bob.token })).status,
    200,
  );
});
