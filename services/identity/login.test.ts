import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { silentLog } from '#shared/log/log.ts';
import { start } from './service.ts';

const names = ['admin', 'nova', 'cinder', 'glance', 'neutron', 'placement', 'swift'];
let port = 15_000 + (process.pid % 1000) * 10;

interface Token {
  user: { name: string };
  project?: { id: string; name: string };
  roles?: { name: string }[];
  catalog?: { type: string; endpoints: { interface: string; url: string }[] }[];
  system?: object;
}

/** identity alone, cheap passwords, and a hand to ask it with. */
async function open(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'identity-'));
  mkdirSync(join(home, 'secrets'));
  for (const name of names) writeFileSync(join(home, 'secrets', name), `${name}-password`);
  port += 1;
  const settings = settingsOf({ cloud: { var: home }, identity: { listen: port, argonKib: 64, argonPasses: 1 } });
  process.env.WATTLE_CHECK_ANSWERS = '1';
  const { close } = await start({ settings, log: silentLog(), bus: memoryBus() });
  t.after(async () => {
    await close();
    rmSync(home, { recursive: true });
  });
  const ask = async (
    method: string,
    path: string,
    { token = '', body, headers = {} }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const json = { 'content-type': 'application/json', ...(token ? { 'x-auth-token': token } : {}), ...headers };
    const answer = await fetch(`http://127.0.0.1:${port}/v3${path}`, {
      method,
      headers: json,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      body: (text ? JSON.parse(text) : {}) as Record<string, unknown>,
      token: answer.headers.get('x-subject-token') ?? '',
    };
  };
  const logIn = (
    name: string,
    password: string,
    scope: unknown = { project: { name: 'admin', domain: { id: 'default' } } },
  ) =>
    ask('POST', '/auth/tokens', {
      body: {
        auth: {
          identity: { methods: ['password'], password: { user: { name, domain: { name: 'Default' }, password } } },
          ...(scope ? { scope } : {}),
        },
      },
    });
  return { ask, logIn, admin: async () => (await logIn('admin', 'admin-password')).token };
}

test('the admin logs in, and the token says who, where, which roles, and what exists', async (t) => {
  const { logIn } = await open(t);
  const { status, body } = await logIn('admin', 'admin-password');
  const token = body.token as Token;
  assert.equal(status, 201);
  assert.equal(token.user.name, 'admin');
  assert.equal(token.project?.name, 'admin');
  assert.deepEqual(token.roles?.map(({ name }) => name).sort(), ['admin', 'manager', 'member', 'reader']);
  const volume = token.catalog?.find(({ type }) => type === 'volumev3')?.endpoints[0];
  assert.equal(volume?.url, `http://127.0.0.1:8776/v3/${token.project?.id}`);
});

test('a wrong password and an unknown user get the same words', async (t) => {
  const { logIn } = await open(t);
  const [wrong, unknown] = [await logIn('admin', 'x'), await logIn('nobody', 'x')];
  assert.equal(wrong.status, 401);
  assert.deepEqual(wrong.body, unknown.body);
});

test('a token is exchanged for one of another scope that ends with it', async (t) => {
  const { ask, admin } = await open(t);
  const before = await admin();
  const rescope = (scope: unknown) =>
    ask('POST', '/auth/tokens', { body: { auth: { identity: { methods: ['token'], token: { id: before } }, scope } } });
  const system = await rescope({ system: { all: true } });
  assert.deepEqual((system.body.token as Token).system, { all: true });
  assert.equal((await rescope({ project: { id: 'nowhere' } })).status, 401);
  const unscoped = (await rescope('unscoped')).body.token as Token;
  assert.equal(unscoped.roles, undefined);
  assert.equal(unscoped.catalog, undefined);
});

test('what ends a token: its own deletion, a new password, a role that is taken away', async (t) => {
  const { ask, logIn, admin } = await open(t);
  const token = await admin();
  const user = (
    await ask('POST', '/users', { token, body: { user: { name: 'ann', password: 'one', email: 'ann@example.org' } } })
  ).body.user as { id: string; email: string };
  assert.equal(user.email, 'ann@example.org', 'what Keystone does not know it keeps');
  const projects = (await ask('GET', '/projects?name=admin', { token })).body.projects as { id: string }[];
  const roles = (await ask('GET', '/roles?name=member', { token })).body.roles as { id: string }[];
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
  assert.equal((await logIn('ann', 'two')).status, 401, 'no role is left there');
});

test('bad input changes nothing and is named', async (t) => {
  const { ask, admin, logIn } = await open(t);
  const token = await admin();
  const { status, body } = await ask('POST', '/users', { token, body: { user: { name: '', password: 'x' } } });
  assert.equal(status, 400);
  assert.match((body.error as { message: string }).message, /'name'/);
  assert.equal((await ask('GET', '/users/nobody', { token })).status, 404);
  assert.equal((await ask('POST', '/projects', { token, body: { project: { name: 'admin' } } })).status, 409);
  assert.equal((await ask('GET', '/users')).status, 401);
  const nova = (await logIn('nova', 'nova-password', undefined)).status;
  assert.equal(nova, 401, 'the default scope here is project admin, where nova has no role');
});
