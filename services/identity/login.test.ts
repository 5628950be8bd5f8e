import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { many, one, openIdentity } from '../../test/fakes/identity.ts';

interface Token {
  user: { name: string };
  project?: { id: string; name: string };
  roles?: { name: string }[];
  catalog?: { type: string; endpoints: { interface: string; url: string }[] }[];
  system?: object;
}

const inAdmin = { project: { name: 'admin', domain: { id: 'default' } } };

/** Starts identity alone; logins are scoped to project admin. */
async function open(t: TestContext) {
  const { ask, admin, logIn: issueFederatedToken } = await openIdentity(t);
  const logIn = (name: string, password: string) => issueFederatedToken({ name, password }, inAdmin);
  return { ask, logIn, admin };
}

test('a token of the administrator has user, project, roles and catalog', async (t) => {
  const { logIn } = await open(t);
  const { status, body } = await logIn('admin', 'admin-password');
  const token = body.token as unknown as Token;
  assert.equal(status, 201);
  assert.equal(token.user.name, 'admin');
  assert.equal(token.project?.name, 'admin');
  assert.deepEqual(token.roles?.map(({ name }) => name).sort(), ['admin', 'manager', 'member', 'reader']);
  const volume = token.catalog?.find(({ type }) => type === 'volumev3')?.endpoints[0];
  assert.equal(volume?.url, `http://127.0.0.1:8776/v3/${token.project?.id}`);
});

test('a wrong password and an unknown user get the same answer', async (t) => {
  const { logIn } = await open(t);
  const [wrong, unknown] = [await logIn('admin', 'x'), await logIn('nobody', 'x')];
  assert.equal(wrong.status, 401);
  assert.deepEqual(wrong.body, unknown.body);
});

test('a token is exchanged for one of another scope with the same expiry', async (t) => {
  const { ask, admin } = await open(t);
  const before = await admin();
  const rescope = (scope: unknown) =>
    ask('POST', '/auth/tokens', { body: { auth: { identity: { methods: ['token'], token: { id: before } }, scope } } });
  const system = await rescope({ system: { all: true } });
  assert.deepEqual((system.body.token as unknown as Token).system, { all: true });
  assert.equal((await rescope({ project: { id: 'nowhere' } })).status, 401);
  const unscoped = (await rescope('unscoped')).body.token as unknown as Token;
  assert.equal(unscoped.roles, undefined);
  assert.equal(unscoped.catalog, undefined);
});

test('a token ends with its deletion, a new password, or a revoked role', async (t) => {
  const { ask, logIn, admin } = await open(t);
  const token = await admin();
  const ann = { name: 'ann', password: 'one', email: 'ann@example.org' };
  const user = one(await ask('POST', '/users', { token, body: { user: ann } }), 'user');
  assert.equal(user.email, 'ann@example.org', 'unknown fields are kept');
  const projects = many(await ask('GET', '/projects?name=admin', { token }), 'projects');
  const roles = many(await ask('GET', '/roles?name=member', { token }), 'roles');
  const grant = `/projects/${projects[0]?.id}/users/${user.id}/roles/${roles[0]?.id}`;
  assert.equal((await ask('PUT', grant, { token })).status, 204);

  const works = async (subject: string) => (await ask('GET', '/auth/projects', { token: subject })).status;
  const first = (await logIn('ann', 'one')).token;
  assert.equal(await works(first), 200);
  assert.equal(
    (await ask('DELETE', '/auth/tokens', { token: first, headers: { 'x-subject-token': first } })).status,
    204,
  );
  assert.equal(await works(first), 401);

  const second = (await logIn('ann', 'one')).token;
  const change = { user: { password: 'two', original_password: 'one' } };
  assert.equal((await ask('POST', `/users/${user.id}/password`, { body: change })).status, 204);
  assert.equal(await works(second), 401);
  assert.equal((await logIn('ann', 'one')).status, 401);

  const third = (await logIn('ann', 'two')).token;
  assert.equal((await ask('DELETE', grant, { token })).status, 204);
  assert.equal(await works(third), 401);
  assert.equal((await logIn('ann', 'two')).status, 401, 'no role is left on the project');
});

test('invalid input is refused by field and changes nothing', async (t) => {
  const { ask, admin, logIn } = await open(t);
  const token = await admin();
  const { status, body } = await ask('POST', '/users', { token, body: { user: { name: '', password: 'x' } } });
  assert.equal(status, 400);
  assert.match(body.error?.message ?? '', /'name'/);
  assert.equal((await ask('GET', '/users/nobody', { token })).status, 404);
  assert.equal((await ask('POST', '/projects', { token, body: { project: { name: 'admin' } } })).status, 409);
  assert.equal((await ask('GET', '/users')).status, 401);
  const nova = (await logIn('nova', 'nova-password')).status;
  assert.equal(nova, 401, 'the default scope here is project admin, where nova has no role');
});
