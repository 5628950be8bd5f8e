/** Domain scope, the roles of delegations, and the hierarchy of projects. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '#shared/db/open.ts';
import { serviceRoles } from '../../services/identity/migrations/012-service-roles.ts';
import { type IdentityWorld, many, one, openIdentity, seededUsers } from '../fakes/identity.ts';
import { roleNamed } from './identity-advisories/world.ts';

type Make = (path: string, key: string, body: object) => Promise<ReturnType<typeof one>>;

async function open(t: TestContext) {
  const world = await openIdentity(t);
  const token = await world.admin();
  const make: Make = async (path, key, body) =>
    one(await world.ask('POST', path, { token, body: { [key]: body } }), key);
  return { world, token, make };
}

/** A user with one role on a domain, and a token for it. */
async function ofDomain({ world, token, make }: Awaited<ReturnType<typeof open>>, role: string, domain_id: string) {
  const user = await make('/users', 'user', { name: `domain-${role}`, password: 'p', domain_id });
  await world.ask('PUT', `/domains/${domain_id}/users/${user.id}/roles/${await roleNamed(world, role)}`, { token });
  return (await world.logIn({ id: user.id, password: 'p' }, { domain: { id: domain_id } })).token;
}

const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

test('a domain role can be granted on projects of its domain only, by any caller', async (t) => {
  const opened = await open(t);
  const { world, token, make } = opened;
  const [one, two] = [
    await make('/domains', 'domain', { name: 'd1' }),
    await make('/domains', 'domain', { name: 'd2' }),
  ];
  const role = await make('/roles', 'role', { name: 'local', domain_id: two.id });
  const project = await make('/projects', 'project', { name: 'p', domain_id: one.id });
  const user = await make('/users', 'user', { name: 'u', domain_id: one.id });
  for (const by of [token, await ofDomain(opened, 'admin', one.id)]) {
    const { status, body } = await world.ask('PUT', `/projects/${project.id}/users/${user.id}/roles/${role.id}`, {
      token: by,
    });
    assert.equal(status, 403);
    assert.match(body.error?.message ?? '', new RegExp(`${role.id}.*${project.id}`));
  }
});

test('a domain-scoped token lists resources of its domain: domains, users, groups, projects, members, groups of a user', async (t) => {
  const opened = await open(t);
  const { world, token, make } = opened;
  const [own, other] = [
    await make('/domains', 'domain', { name: 'd1' }),
    await make('/domains', 'domain', { name: 'd2' }),
  ];
  const [group, foreign] = [
    await make('/groups', 'group', { name: 'g', domain_id: own.id }),
    await make('/groups', 'group', { name: 'g', domain_id: other.id }),
  ];
  const [user, anonymous] = [
    await make('/users', 'user', { name: 'u', domain_id: own.id }),
    await make('/users', 'user', { name: 'u', domain_id: other.id }),
  ];
  await make('/projects', 'project', { name: 'p', domain_id: other.id });
  for (const [at, caller] of [
    [group, user],
    [group, anonymous],
    [foreign, user],
  ] as const)
    await world.ask('PUT', `/groups/${at.id}/users/${caller.id}`, { token });
  for (const role of ['admin', 'manager', 'reader']) {
    const by = await ofDomain(opened, role, own.id);
    const list = async (path: string, key: string) => ids(many(await world.ask('GET', path, { token: by }), key));
    assert.deepEqual(await list('/domains', 'domains'), [own.id]);
    assert.deepEqual(await list(`/groups/${group.id}/users`, 'users'), [user.id]);
    assert.deepEqual(await list(`/users/${user.id}/groups`, 'groups'), [group.id]);
    assert.deepEqual(await list('/groups', 'groups'), [group.id]);
    for (const what of ['users', 'groups', 'projects'])
      assert.deepEqual(await list(`/${what}?domain_id=${other.id}`, what), []);
  }
  assert.equal(many(await world.ask('GET', `/groups/${group.id}/users`, { token }), 'users').length, 2);
});

test('a domain manager must name the domain of a new user, group or project', async (t) => {
  const opened = await open(t);
  const { world, make } = opened;
  const own = await make('/domains', 'domain', { name: 'd1' });
  const token = await ofDomain(opened, 'manager', own.id);
  for (const key of ['user', 'group', 'project']) {
    const ask = (more: object) => world.ask('POST', `/${key}s`, { token, body: { [key]: { name: 'x', ...more } } });
    assert.equal((await ask({})).status, 403, key);
    assert.equal((await ask({ domain_id: own.id })).status, 201, key);
  }
});

const rolesOf = (asked: Awaited<ReturnType<IdentityWorld['logIn']>>) =>
  one(asked, 'token')
    .roles.map(({ name }) => name)
    .toSorted();

async function credentialOf(
  world: IdentityWorld,
  person: { id: string; token: string },
  more: object,
  token = person.token,
) {
  const body = { application_credential: { name: `c${Math.random()}`, ...more } };
  const asked = await world.ask('POST', `/users/${person.id}/application_credentials`, { token, body });
  return { asked, logIn: () => byCredential(world, one(asked, 'application_credential')) };
}

const byCredential = ({ ask }: IdentityWorld, { id, secret }: { id: string; secret: string }) =>
  ask('POST', '/auth/tokens', {
    body: { auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } } },
  });

test('an application credential and a trust for member include the roles that member implies', async (t) => {
  const { world } = await open(t);
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', [])];
  const { logIn } = await credentialOf(world, ann, { roles: [{ name: 'member' }] });
  assert.deepEqual(rolesOf(await logIn()), ['member', 'reader']);
  const trust = { trustor_user_id: ann.id, trustee_user_id: bob.id, project_id: ann.projectId, impersonation: false };
  const asked = await world.ask('POST', '/OS-TRUST/trusts', {
    token: ann.token,
    body: { trust: { ...trust, roles: [{ name: 'member' }] } },
  });
  const { id } = one(asked, 'trust');
  const login = await world.logIn({ id: bob.id, password: bob.password }, { 'OS-TRUST:trust': { id } });
  assert.deepEqual(rolesOf(login), ['member', 'reader']);
});

test('an application credential made with some of the roles can delegate only these', async (t) => {
  const { world } = await open(t);
  const ann = await world.person('ann', ['manager']);
  const { logIn } = await credentialOf(world, ann, { roles: [{ name: 'reader' }], unrestricted: true });
  const token = (await logIn()).token;
  assert.equal((await credentialOf(world, ann, { roles: [{ name: 'manager' }] }, token)).asked.status, 400);
  assert.deepEqual(rolesOf(await (await credentialOf(world, ann, {}, token)).logIn()), ['reader']);
});

test('a role granted after the token was issued may be delegated: the current roles of the user count', async (t) => {
  const { world, token } = await open(t);
  const ann = await world.person('ann', ['member']);
  const manager = await roleNamed(world, 'manager');
  await world.ask('PUT', `/projects/${ann.projectId}/users/${ann.id}/roles/${manager}`, { token });
  const { logIn } = await credentialOf(world, ann, { roles: [{ name: 'manager' }] });
  assert.deepEqual(rolesOf(await logIn()), ['manager', 'member', 'reader']);
});

test('an application credential with an empty list of access rules is not restricted', async (t) => {
  const { world } = await open(t);
  const ann = await world.person('ann', ['member']);
  const { asked, logIn } = await credentialOf(world, ann, { access_rules: [] });
  assert.ok(!('access_rules' in one(asked, 'application_credential')));
  const { token } = await logIn();
  assert.equal((await world.ask('GET', `/users/${ann.id}`, { token })).status, 200);
});

test('a project is disabled after its descendants, enabled after its ancestors, and not created below a disabled one', async (t) => {
  const { world, token, make } = await open(t);
  const top = await make('/projects', 'project', { name: 'top' });
  const below = await make('/projects', 'project', { name: 'below', parent_id: top.id });
  const turn = async ({ id }: { id: string }, enabled: boolean) =>
    (await world.ask('PATCH', `/projects/${id}`, { token, body: { project: { enabled } } })).status;
  assert.equal(await turn(top, false), 403);
  assert.equal(await turn(below, false), 200);
  assert.equal(await turn(top, false), 200);
  assert.equal(await turn(below, true), 403);
  const child = { project: { name: 'child', parent_id: top.id } };
  assert.equal((await world.ask('POST', '/projects', { token, body: child })).status, 400);
  assert.equal(await turn(top, true), 200);
  assert.equal(await turn(below, true), 200);
});

test('an immutable project or domain is neither changed nor deleted', async (t) => {
  const { world, token, make } = await open(t);
  for (const key of ['project', 'domain']) {
    const { id } = await make(`/${key}s`, key, { name: 'fixed', options: { immutable: true } });
    const change = async (body: object) =>
      (await world.ask('PATCH', `/${key}s/${id}`, { token, body: { [key]: body } })).status;
    assert.equal(await change({ enabled: false }), 403);
    assert.equal((await world.ask('DELETE', `/${key}s/${id}`, { token })).status, 403);
    assert.equal(await change({ options: { immutable: false } }), 200);
    assert.equal(await change({ enabled: false }), 200);
    assert.equal((await world.ask('DELETE', `/${key}s/${id}`, { token })).status, 204);
  }
});

test('a region needs only an id, a service provider URLs, a protocol an existing mapping', async (t) => {
  const { world, token } = await open(t);
  assert.equal((await world.ask('PUT', '/regions/bare', { token, body: { region: {} } })).status, 201);
  const provider = (more: object) =>
    world.ask('PUT', '/OS-FEDERATION/service_providers/sp', {
      token,
      body: { service_provider: { auth_url: 'https://sp/auth', sp_url: 'https://sp', ...more } },
    });
  for (const more of [{ auth_url: 'no url' }, { sp_url: 'nonsense' }, { sp_url: '' }])
    assert.equal((await provider(more)).status, 400, JSON.stringify(more));
  assert.equal((await provider({})).status, 201);
  const rules = [{ local: [{ user: { name: '{0}' } }], remote: [{ type: 'NAME' }] }];
  await world.ask('PUT', '/OS-FEDERATION/mappings/m', { token, body: { mapping: { rules } } });
  await world.ask('PUT', '/OS-FEDERATION/identity_providers/idp', { token, body: { identity_provider: {} } });
  const protocol = (method: string, mapping_id: string) =>
    world.ask(method, '/OS-FEDERATION/identity_providers/idp/protocols/mapped', {
      token,
      body: { protocol: { mapping_id } },
    });
  assert.equal((await protocol('PUT', 'm')).status, 201);
  assert.equal((await protocol('PATCH', 'none')).status, 400);
});

test('the rule of a project is checked before the body is validated', async (t) => {
  const { world, token } = await open(t);
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', ['member'])];
  const ask = async (by: string, body: unknown) =>
    (await world.ask('PATCH', `/projects/${bob.projectId}`, { token: by, body })).status;
  for (const body of [{ project: {} }, {}, { project: { enabled: 'maybe' } }]) {
    assert.equal(await ask(ann.token, body), 403);
    assert.equal(await ask(token, body), 400);
  }
});

test('service users have the role service, and only those that act in projects of others are administrators', async (t) => {
  const { world, token } = await open(t);
  const inService = { project: { name: 'service', domain: { id: 'default' } } };
  const held: Record<string, readonly string[]> = {};
  for (const name of seededUsers.filter((each) => each !== 'admin'))
    held[name] = rolesOf(await world.logIn({ name, password: `${name}-password` }, inService));
  const all = ['admin', 'manager', 'member', 'reader', 'service'];
  const service = ['service'];
  assert.deepEqual(held, {
    nova: all,
    cinder: all,
    glance: ['member', 'reader', 'service'], // of project service alone, whose account keeps images
    neutron: service,
    placement: service,
    swift: service,
  });
  const neutron = (await world.logIn({ name: 'neutron', password: 'neutron-password' }, inService)).token;
  const project = many(await world.ask('GET', '/projects?name=admin', { token }), 'projects')[0]?.id ?? '';
  assert.equal((await world.ask('GET', `/projects/${project}`, { token: neutron })).status, 200);
  assert.equal((await world.ask('GET', '/projects?name=admin', { token: neutron })).status, 200);
  assert.equal((await world.ask('GET', '/projects/none', { token: neutron })).status, 404);
  assert.equal((await world.ask('GET', '/projects?name=admin', { token: neutron })).status, 200);
  assert.equal((await world.ask('GET', '/users', { token: neutron })).status, 403);
});

test('admin roles that earlier releases granted to service users are revoked once', async (t) => {
  const { world, token } = await open(t);
  const users = many(await world.ask('GET', '/users?name=swift', { token }), 'users');
  const project = many(await world.ask('GET', '/projects?name=service', { token }), 'projects')[0]?.id ?? '';
  const db = openDatabase(`sqlite:${join(world.home, 'db', 'identity.sqlite')}`);
  t.after(() => db.destroy());
  const grant = `/projects/${project}/users/${users[0]?.id}/roles/${await roleNamed(world, 'admin')}`;
  await world.ask('PUT', grant, { token });
  await world.restart();
  const later = await world.admin();
  assert.equal((await world.ask('HEAD', grant, { token: later })).status, 204, 'what an administrator gives stays');
  await db.transaction((tx) => serviceRoles.up(tx));
  assert.equal((await world.ask('HEAD', grant, { token: later })).status, 404);
});
