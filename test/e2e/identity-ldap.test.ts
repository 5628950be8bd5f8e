/** Domains with an LDAP directory: a real slapd with a Unix tree and one in the style of Active Directory. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Attribute, Change, type Client } from 'ldapts';
import { openDatabase } from '#shared/db/open.ts';
import { many, one, openIdentity } from '../fakes/identity.ts';
import { skipWithoutSlapd, startSlapd } from '../fakes/slapd.ts';
import { reader, unixOptions, windowsOptions } from '../fakes/slapd-tree.ts';

const skip = skipWithoutSlapd;
const slapd = await startSlapd({ after });
const world = await openIdentity({ after }, { tokenSeconds: 600 });
const { ask } = world;
const token = await world.admin();

const set = (dn: string, type: string, values: string[]) => (client: Client) =>
  client.modify(dn, new Change({ operation: 'replace', modification: new Attribute({ type, values }) }));

async function openDomain(name: string, ldap: object): Promise<string> {
  const { id } = one(await ask('POST', '/domains', { token, body: { domain: { name } } }), 'domain');
  const config = { identity: { driver: 'ldap' }, ldap: { url: slapd.url, ...ldap } };
  const made = await ask('PUT', `/domains/${id}/config`, { token, body: { config } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return id;
}
const unix = skip ? '' : await openDomain('unix', unixOptions);
const windows = skip ? '' : await openDomain('windows', windowsOptions);

const get = (path: string) => ask('GET', path, { token });
const idOf = async (kind: 'user' | 'group', domain: string, name: string) =>
  many(await get(`/${kind}s?domain_id=${domain}&name=${name}`), `${kind}s`)[0]?.id ?? '';
const roleId = async (name: string) => many(await get(`/roles?name=${name}`), 'roles')[0]?.id ?? '';
const logIn = (name: string, password: string, { domain = unix, scope }: { domain?: string; scope?: object } = {}) =>
  world.logIn({ name, password, domain }, scope);

/** Creates a project in the domain with a role for a group. */
async function projectFor(domain: string, group: string, role = 'member'): Promise<string> {
  const body = { project: { name: `${group}-${role}`, domain_id: domain } };
  const { id } = one(await ask('POST', '/projects', { token, body }), 'project');
  const grant = `/projects/${id}/groups/${await idOf('group', domain, group)}/roles/${await roleId(role)}`;
  assert.equal((await ask('PUT', grant, { token })).status, 204);
  return id;
}

test('OSSA-2013-015: a login is a bind, by name or id, and never without a password', { skip }, async () => {
  const right = await logIn('ann', 'ann-password');
  assert.equal(right.status, 201);
  const { user } = one(right, 'token');
  assert.deepEqual([user.name, (user.domain as { id: string }).id], ['ann', unix]);
  assert.equal(user.password_expires_at, null);
  assert.equal((await world.logIn({ id: user.id, password: 'ann-password' })).status, 201);
  for (const password of ['wrong', '', 'bob-password']) assert.equal((await logIn('ann', password)).status, 401);
  const [unknown, wrong] = [await logIn('nobody', 'x'), await logIn('ann', 'x')];
  assert.deepEqual([unknown.status, unknown.body], [wrong.status, wrong.body]);
});

test('filter syntax in a name is not interpreted', { skip }, async () => {
  for (const name of ['*', 'ann)(|(uid=*', 'a*', 'ann\\2a'])
    assert.equal((await logIn(name, 'ann-password')).status, 401);
  assert.equal((await logIn('zoe(*)', 'zoe(*)-password')).status, 201);
});

test('an id is the hash that Keystone makes, and stays when the name changes', { skip }, async (t) => {
  const id = await idOf('user', unix, 'ann');
  assert.equal(id, createHash('sha256').update(`${unix}userann`).digest('hex'));
  const shown = one(await get(`/users/${id}`), 'user');
  assert.deepEqual(
    [shown.name, shown.email, shown.full_name, shown.enabled, shown.domain_id],
    ['ann', 'ann@example.org', 'Ann Arbor', true, unix],
  );
  const jane = await idOf('user', windows, 'jane');
  const entry = 'cn=Doe\\2C Jane,ou=Windows,dc=example,dc=org';
  t.after(() => slapd.change(set(entry, 'sAMAccountName', ['jane'])));
  await slapd.change(set(entry, 'sAMAccountName', ['jane.roe']));
  assert.equal(await idOf('user', windows, 'jane.roe'), jane);
  assert.equal(one(await get(`/users/${jane}`), 'user').name, 'jane.roe');
  assert.equal((await get(`/users/${'0'.repeat(64)}`)).status, 404);
});

test('lists are of one domain, filtered; lists of other domains do not contain its users', { skip }, async () => {
  const names = async (path: string) =>
    many(await get(path), path.match(/^\/(\w+)/)?.[1] ?? '').map(({ name }) => name);
  assert.deepEqual((await names(`/users?domain_id=${unix}&name__contains=o`)).sort(), ['bob', 'zoe(*)']);
  assert.deepEqual(await names(`/users?domain_id=${windows}&enabled=false`), ['max']);
  assert.deepEqual((await names(`/groups?domain_id=${windows}`)).sort(), ['Berlin', 'Europe', 'World']);
  assert.ok(!(await names('/users')).includes('ann'), 'without a domain those of rows');
});

test('members of a group and groups of a user, with nested groups', { skip }, async () => {
  const [jane, world_] = [await idOf('user', windows, 'jane'), await idOf('group', windows, 'World')];
  const members = many(await get(`/groups/${world_}/users`), 'users').map(({ name }) => name);
  assert.deepEqual(members.sort(), ['jane', 'kim', 'max']);
  const groups = many(await get(`/users/${jane}/groups`), 'groups').map(({ name }) => name);
  assert.deepEqual(groups.sort(), ['Berlin', 'Europe', 'World']);
  assert.equal((await ask('HEAD', `/groups/${world_}/users/${jane}`, { token })).status, 204);
});

test('a role of a group is effective for its members, in tokens and in lists', { skip }, async () => {
  const project = await projectFor(unix, 'admins');
  const scope = { project: { id: project } };
  const login = await logIn('ann', 'ann-password', { scope });
  assert.ok(one(login, 'token').roles.some(({ name }) => name === 'member'));
  assert.equal((await logIn('bob', 'bob-password', { scope })).status, 401, 'not in the group');
  const own = many(await ask('GET', '/auth/projects', { token: login.token }), 'projects');
  assert.deepEqual(
    own.map(({ id }) => id),
    [project],
  );
  const ann = await idOf('user', unix, 'ann');
  const effective = await get(`/role_assignments?effective&include_names&scope.project.id=${project}`);
  assert.ok(many(effective, 'role_assignments').every(({ user }) => user.id === ann && user.name === 'ann'));
  const nested = await projectFor(windows, 'World');
  const jane = await logIn('jane', 'jane-password', { domain: windows, scope: { project: { id: nested } } });
  assert.equal(jane.status, 201);
});

test('a user who is disabled or has left a group gets no new token', { skip }, async (t) => {
  assert.equal((await logIn('max', 'max-password', { domain: windows })).status, 401, 'userAccountControl has bit 2');
  const project = await projectFor(unix, 'staff');
  const scope = { project: { id: project } };
  const staff = 'cn=staff,ou=Groups,dc=example,dc=org';
  t.after(() => slapd.change(set(staff, 'memberUid', ['ann', 'bob', 'gone'])));
  const before = await logIn('bob', 'bob-password', { scope });
  assert.equal(before.status, 201);
  await slapd.change(set(staff, 'memberUid', ['ann']));
  assert.equal((await logIn('bob', 'bob-password', { scope })).status, 401);
  const exchange = { identity: { methods: ['token'], token: { id: before.token } }, scope };
  assert.equal((await ask('POST', '/auth/tokens', { body: { auth: exchange } })).status, 401, 'nor for another');
  await slapd.change(set('cn=Max,ou=Windows,dc=example,dc=org', 'userAccountControl', ['512']));
  assert.equal((await logIn('max', 'max-password', { domain: windows })).status, 201);
  await slapd.change(set('cn=Max,ou=Windows,dc=example,dc=org', 'userAccountControl', ['514']));
});

test('revoking a role of a group revokes the tokens of its members', { skip }, async () => {
  const project = await projectFor(unix, 'admins', 'reader');
  const login = await logIn('ann', 'ann-password', { scope: { project: { id: project } } });
  const grant = `/projects/${project}/groups/${await idOf('group', unix, 'admins')}/roles/${await roleId('reader')}`;
  assert.equal((await ask('DELETE', grant, { token })).status, 204);
  assert.equal((await ask('GET', '/auth/projects', { token: login.token })).status, 401);
});

test('LDAP users have application credentials and trusts', { skip }, async (t) => {
  const project = await projectFor(unix, 'admins', 'manager');
  const scope = { project: { id: project } };
  const login = await logIn('ann', 'ann-password', { scope });
  const ann = one(login, 'token').user.id;
  const own = { token: login.token };
  const made = await ask('POST', `/users/${ann}/application_credentials`, {
    ...own,
    body: { application_credential: { name: 'robot' } },
  });
  const { id, secret } = one(made, 'application_credential');
  const proof = { methods: ['application_credential'], application_credential: { id, secret } };
  const byCredential = () => ask('POST', '/auth/tokens', { body: { auth: { identity: proof } } });
  assert.equal((await byCredential()).status, 201);
  const options = { trustor_user_id: ann, trustee_user_id: await idOf('user', unix, 'bob'), impersonation: true };
  const roles = [{ name: 'manager' }];
  const trust = one(
    await ask('POST', '/OS-TRUST/trusts', { ...own, body: { trust: { ...options, project_id: project, roles } } }),
    'trust',
  );
  const trusted = await logIn('bob', 'bob-password', { scope: { 'OS-TRUST:trust': { id: trust.id } } });
  assert.equal(one(trusted, 'token').user.name, 'ann');
  const admins = 'cn=admins,ou=Groups,dc=example,dc=org';
  t.after(() => slapd.change(set(admins, 'memberUid', ['ann'])));
  await slapd.change(set(admins, 'memberUid', ['zoe(*)']));
  assert.equal((await byCredential()).status, 401, 'the group gave what it gives on');
});

test('users and groups of the directory are read only', { skip }, async () => {
  const [ann, staff] = [await idOf('user', unix, 'ann'), await idOf('group', unix, 'staff')];
  const admin = many(await get('/users?name=admin'), 'users')[0]?.id;
  const writes: readonly (readonly [method: string, path: string, body?: object])[] = [
    ['POST', '/users', { user: { name: 'new', domain_id: unix } }],
    ['PATCH', `/users/${ann}`, { user: { email: 'x' } }],
    ['DELETE', `/users/${ann}`],
    ['POST', `/users/${ann}/password`, { user: { original_password: 'ann-password', password: 'new' } }],
    ['POST', '/groups', { group: { name: 'new', domain_id: unix } }],
    ['PATCH', `/groups/${staff}`, { group: { description: 'x' } }],
    ['DELETE', `/groups/${staff}`],
    ['PUT', `/groups/${staff}/users/${ann}`],
    ['PUT', `/groups/${staff}/users/${admin}`],
    ['DELETE', `/groups/${staff}/users/${ann}`],
  ];
  for (const [method, path, body] of writes) {
    const answer = await ask(method, path, { token, ...(body ? { body } : {}) });
    assert.equal(answer.status, 403, `${method} ${path}`);
    assert.match(one(answer, 'error').message, /LDAP does not support write operations: (user|group) \w+ is kept/);
  }
  const wrong = { user: { original_password: 'wrong', password: 'new' } };
  assert.equal((await ask('POST', `/users/${ann}/password`, { body: wrong })).status, 401);
});

test('an unreachable directory is 503 and does not delay other requests', { skip }, async (t) => {
  const [login, ann] = [await logIn('ann', 'ann-password'), await idOf('user', unix, 'ann')];
  const project = await projectFor(unix, 'staff', 'admin');
  const grant = `/projects/${project}/groups/${await idOf('group', unix, 'staff')}/roles/${await roleId('admin')}`;
  t.after(() => slapd.start());
  await slapd.stop();
  const away = await logIn('ann', 'ann-password');
  assert.equal(away.status, 503);
  assert.match(one(away, 'error').message, /does not answer/);
  assert.equal((await get(`/users/${ann}`)).status, 503);
  assert.ok(await world.admin(), 'other domains go on');
  assert.equal((await get('/users')).status, 200);
  const subject = await ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': login.token } });
  assert.equal(subject.status, 200, 'tokens that are there are still good');
  const named = await get('/role_assignments?include_names');
  assert.equal(named.status, 200, 'without the names that nobody can tell');
  assert.equal((await ask('DELETE', grant, { token })).status, 204, 'a role can be taken all the same');
});

test('a directory is used again as soon as it answers', { skip }, async () => {
  assert.equal((await logIn('ann', 'ann-password')).status, 201);
});

test('OSSN-0033: over TLS with the right CA only', { skip }, async () => {
  const config = (ldap: object) => ask('PATCH', `/domains/${unix}/config`, { token, body: { config: { ldap } } });
  await config({ url: slapd.secureUrl, tls_cacertfile: slapd.ca });
  assert.equal((await logIn('ann', 'ann-password')).status, 201);
  await config({ tls_cacertfile: slapd.otherCa });
  const wrong = await logIn('ann', 'ann-password');
  assert.equal(wrong.status, 503);
  assert.match(one(wrong, 'error').message, /certificate is not trusted/);
  await config({ url: slapd.url, use_tls: true, tls_cacertfile: slapd.ca });
  assert.equal((await logIn('ann', 'ann-password')).status, 201);
  await config({ use_tls: false });
});

test('the password of the configuration is encrypted and never shown', { skip }, async () => {
  for (const path of ['', '/ldap', '/ldap/password']) {
    const text = JSON.stringify((await get(`/domains/${unix}/config${path}`)).body);
    assert.ok(!text.includes(reader.password), path);
  }
  assert.equal((await get(`/domains/${unix}/config/ldap/password`)).status, 404);
  const db = openDatabase(`sqlite:${join(world.home, 'db', 'identity.sqlite')}`);
  const rows = (await db('domain_options')) as { value: string }[];
  await db.destroy();
  assert.ok(rows.length > 0 && !JSON.stringify(rows).includes(reader.password));
});

test('invalid options are refused by name and change nothing', { skip }, async () => {
  const patch = (config: object, domain = unix) =>
    ask('PATCH', `/domains/${domain}/config`, { token, body: { config } });
  for (const ldap of [{ query_scope: 'all' }, { user_enabled_mask: 'two' }, { use_tls: 'perhaps' }, { unknown: 1 }]) {
    const { status, body } = await patch({ ldap });
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), new RegExp(Object.keys(ldap)[0] ?? ''));
  }
  const whole = { config: { identity: { driver: 'ldap' } } };
  assert.equal((await ask('PUT', '/domains/default/config', { token, body: whole })).status, 403);
  assert.equal((await logIn('ann', 'ann-password')).status, 201);
});

test('without its directory a domain has no users; with it again all is as before', { skip }, async () => {
  const domain = await openDomain('passing', unixOptions);
  const login = await logIn('ann', 'ann-password', { domain });
  const { id } = one(login, 'token').user;
  await world.restart();
  assert.equal((await logIn('ann', 'ann-password', { domain })).status, 201, 'a restart forgets nothing');
  const config = `/domains/${domain}/config`;
  assert.equal((await ask('DELETE', config, { token })).status, 204);
  assert.equal((await logIn('ann', 'ann-password', { domain })).status, 401);
  assert.equal((await ask('GET', '/auth/projects', { token: login.token })).status, 401, 'nor do tokens live on');
  assert.equal((await get(`/users/${id}`)).status, 404);
  const again = { config: { identity: { driver: 'ldap' }, ldap: { url: slapd.url, ...unixOptions } } };
  await ask('PUT', config, { token, body: again });
  assert.equal(one(await get(`/users/${id}`), 'user').name, 'ann');
});

test('a disabled domain refuses logins; deleting it deletes all rows about its users', { skip }, async () => {
  const domain = await openDomain('leaving', unixOptions);
  const project = await projectFor(domain, 'staff');
  const login = await logIn('ann', 'ann-password', { domain, scope: { project: { id: project } } });
  const { id } = one(login, 'token').user;
  const grant = `/system/users/${id}/roles/${await roleId('reader')}`;
  assert.equal((await ask('PUT', grant, { token })).status, 204);
  assert.equal((await ask('PATCH', `/domains/${domain}`, { token, body: { domain: { enabled: false } } })).status, 200);
  assert.equal((await ask('GET', '/auth/projects', { token: login.token })).status, 401);
  assert.equal((await logIn('ann', 'ann-password', { domain })).status, 401);
  await slapd.stop();
  assert.equal((await ask('DELETE', `/domains/${domain}`, { token })).status, 204, 'the directory is not asked');
  await slapd.start();
  assert.equal((await get(`/users/${id}`)).status, 404);
  const left = many(await get('/role_assignments'), 'role_assignments');
  assert.ok(!JSON.stringify(left).includes(id));
});
