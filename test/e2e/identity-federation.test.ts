import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { many, one, openIdentity } from '../fakes/identity.ts';

const secret = 'only the web server knows';

async function open(t: TestContext) {
  const world = await openIdentity(t, {
    federationSecret: secret,
    federationAttributes: ['USER', 'GROUPS', 'ISSUER'],
    remoteIdAttribute: 'ISSUER',
  });
  const token = await world.admin();
  const put = (path: string, body: object) => world.ask('PUT', `/OS-FEDERATION/${path}`, { token, body });
  const group = one(await world.ask('POST', '/groups', { token, body: { group: { name: 'staff' } } }), 'group');
  const rules = [
    {
      local: [{ user: { name: '{0}' } }, { groups: '{1}', domain: { id: 'default' } }],
      remote: [{ type: 'USER' }, { type: 'GROUPS' }],
    },
  ];
  assert.equal((await put('mappings/m', { mapping: { rules } })).status, 201);
  const idp = one(
    await put('identity_providers/corp', { identity_provider: { enabled: true, remote_ids: ['https://corp'] } }),
    'identity_provider',
  );
  assert.equal((await put('identity_providers/corp/protocols/openid', { protocol: { mapping_id: 'm' } })).status, 201);
  const path = '/OS-FEDERATION/identity_providers/corp/protocols/openid/auth';
  const come = (user: string, more: Record<string, string> = {}) =>
    world.ask('GET', path, {
      headers: {
        'x-federation-secret': secret,
        'x-assertion-user': user,
        'x-assertion-groups': 'staff;other',
        'x-assertion-issuer': 'https://corp',
        ...more,
      },
    });
  return { world, token, group, idp, come };
}

const enter = (world: Awaited<ReturnType<typeof openIdentity>>, token: string, scope: unknown) =>
  world.ask('POST', '/auth/tokens', {
    body: { auth: { identity: { methods: ['token'], token: { id: token } }, scope } },
  });

test('OSSA-2017-004, FIX-KS-44394: a federated person is always the same user, with the roles of the mapped groups and no others', async (t) => {
  const { world, token, group, come } = await open(t);
  const [first, again] = [await come('ann@corp'), await come('ann@corp')];
  assert.equal(first.status, 201);
  assert.equal(one(first, 'token').user.id, one(again, 'token').user.id);
  const project = one(await world.ask('POST', '/projects', { token, body: { project: { name: 'p' } } }), 'project');
  const scope = { project: { id: project.id } };
  assert.equal((await enter(world, first.token, scope)).status, 401, 'OSSA-2017-004: no role, no entry');
  const role = many(await world.ask('GET', '/roles?name=reader', { token }), 'roles')[0];
  await world.ask('PUT', `/projects/${project.id}/groups/${group.id}/roles/${role?.id}`, { token });
  assert.equal(many(await world.ask('GET', '/OS-FEDERATION/projects', { token: first.token }), 'projects').length, 1);
  const inside = await enter(world, first.token, scope);
  assert.deepEqual(
    one(inside, 'token').roles.map(({ name }) => name),
    ['reader'],
  );
  assert.equal(one(inside, 'token').expires_at, one(first, 'token').expires_at, 'FIX-KS-44394');
});

test('a mapped group gives system roles as it gives project roles', async (t) => {
  const { world, token, group, come } = await open(t);
  const role = many(await world.ask('GET', '/roles?name=reader', { token }), 'roles')[0];
  const ann = await come('ann@corp');
  const own = async () => many(await world.ask('GET', '/auth/system', { token: ann.token }), 'system');
  assert.deepEqual(await own(), []);
  await world.ask('PUT', `/system/groups/${group.id}/roles/${role?.id}`, { token });
  assert.deepEqual(await own(), [{ all: true }]);
  assert.equal((await enter(world, ann.token, { system: { all: true } })).status, 201);
});

test('users are filtered by identity provider, and by password expiry', async (t) => {
  const { world, token, come } = await open(t);
  const ann = one(await come('ann@corp'), 'token').user.id;
  const found = async (query: string) => {
    const answer = await world.ask('GET', `/users?${query}`, { token });
    return answer.status === 200 ? many(answer, 'users').map(({ id }) => id) : answer.status;
  };
  assert.deepEqual(await found('idp_id=corp&protocol_id=openid'), [ann]);
  assert.deepEqual(await found(`unique_id=${encodeURIComponent('ann@corp')}`), [ann]);
  assert.deepEqual(await found('unique_id=bob'), []);
  assert.deepEqual(await found('password_expires_at=gt:2020-01-01T00:00:00Z'), [], 'none ends');
  assert.equal(await found('password_expires_at=soon'), 400);
});

test('OSSN-0006: different ids with similar names are different users', async (t) => {
  const { come } = await open(t);
  const ids = new Set<string>();
  for (const name of ['ann@corp', 'ann@other', 'ann', 'Ann']) ids.add(one(await come(name), 'token').user.id);
  assert.equal(ids.size, 4);
});

test('OSSN-0047: only the trusted server may assert, only for its own provider', async (t) => {
  const { world, token, come } = await open(t);
  assert.equal((await come('ann', { 'x-federation-secret': 'guess' })).status, 401);
  assert.equal((await come('ann', { 'x-assertion-issuer': 'https://other' })).status, 401);
  const body = { identity_provider: { enabled: false } };
  await world.ask('PATCH', '/OS-FEDERATION/identity_providers/corp', { token, body });
  assert.equal((await come('ann')).status, 401);
});
