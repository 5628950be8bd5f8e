/** Federated logins by mappings, and web single sign-on. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { many, one, openIdentity } from '../fakes/identity.ts';

const secret = 'only the web server knows';
const dashboard = 'https://Dash.example/auth/websso/';
const origin = encodeURIComponent(dashboard.toLowerCase());

async function open(t: TestContext, rules: readonly object[], version = '1.0') {
  const world = await openIdentity(t, {
    federationSecret: secret,
    federationAttributes: ['USER', 'PROJECTS', 'ISSUER'],
    remoteIdAttribute: 'ISSUER',
    trustedDashboards: ['https://other.example/', dashboard],
  });
  const token = await world.admin();
  const change = async (method: string, path: string, body: object) => {
    const asked = await world.ask(method, `/OS-FEDERATION/${path}`, { token, body });
    assert.ok(asked.status < 300, JSON.stringify(asked.body));
    return asked;
  };
  await change('PUT', 'mappings/m', { mapping: { rules, schema_version: version } });
  const idp = one(
    await change('PUT', 'identity_providers/corp', {
      identity_provider: { enabled: true, remote_ids: ['https://corp'] },
    }),
    'identity_provider',
  );
  await change('PUT', 'identity_providers/corp/protocols/openid', { protocol: { mapping_id: 'm' } });
  const asserted = (user: string, more: Record<string, string> = {}) => ({
    'x-federation-secret': secret,
    'x-assertion-user': user,
    'x-assertion-issuer': 'https://corp',
    ...more,
  });
  const come = (user: string, more?: Record<string, string>) =>
    world.ask('GET', '/OS-FEDERATION/identity_providers/corp/protocols/openid/auth', { headers: asserted(user, more) });
  const projectsOf = async (login: string) =>
    many(await world.ask('GET', '/auth/projects', { token: login }), 'projects').map(({ name }) => name);
  return { world, token, idp, change, asserted, come, projectsOf };
}

const remote = [{ type: 'USER' }];

test('a mapping creates missing projects and grants roles on them, once for all users', async (t) => {
  const projects = [
    { name: 'shared', roles: [{ name: 'reader' }] },
    { name: 'of {0}', roles: [{ name: 'member' }, { name: 'reader' }] },
  ];
  const { world, token, idp, come, projectsOf } = await open(t, [
    { local: [{ user: { name: '{0}' }, projects }], remote },
  ]);
  const [ann] = [await come('ann'), await come('bob'), await come('ann')];
  assert.equal(ann.status, 201, JSON.stringify(ann.body));
  assert.deepEqual(
    (await projectsOf(ann.token)).toSorted((a, b) => (a < b ? -1 : 1)),
    ['of ann', 'shared'],
  );
  const made = many(await world.ask('GET', `/projects?domain_id=${idp.domain_id}`, { token }), 'projects');
  assert.equal(made.length, 3);
});

test('a mapping with a missing role refuses the login, and nothing is created', async (t) => {
  const projects = [{ name: 'p', roles: [{ name: 'reader' }, { name: 'emperor' }] }];
  const { world, token, come } = await open(t, [{ local: [{ user: { name: '{0}' }, projects }], remote }]);
  const refused = await come('ann');
  assert.equal(refused.status, 401);
  assert.match(one(refused, 'error').message, /emperor/);
  assert.deepEqual(many(await world.ask('GET', '/projects?name=p', { token }), 'projects'), []);
  assert.deepEqual(many(await world.ask('GET', '/users?name=ann', { token }), 'users'), []);
});

test('from schema 3.0 on roles that the provider no longer sends are revoked, with their tokens', async (t) => {
  const rules = [
    {
      local: [{ user: { name: '{0}' }, projects_json: '{1}', domain: { id: 'default' } }],
      remote: [...remote, { type: 'PROJECTS' }],
    },
  ];
  const { world, come, projectsOf } = await open(t, rules, '3.0');
  const with_ = (...names: string[]) => ({
    'x-assertion-projects': JSON.stringify(names.map((name) => ({ name, roles: [{ name: 'reader' }] }))),
  });
  const first = await come('ann', with_('a', 'b'));
  assert.equal((one(first, 'token').user.domain as { id: string }).id, 'default');
  assert.equal((await projectsOf(first.token)).length, 2);
  const scope = { project: { name: 'b', domain: { id: 'default' } } };
  const identity = { methods: ['mapped'], mapped: { id: first.token } };
  const inside = await world.ask('POST', '/auth/tokens', { body: { auth: { identity, scope } } });
  assert.equal(inside.status, 201);
  assert.deepEqual(await projectsOf((await come('ann', with_('a'))).token), ['a']);
  assert.equal((await world.ask('GET', '/auth/projects', { token: inside.token })).status, 401);
});

test('a federated user has no password, and loses the tokens when the provider is disabled', async (t) => {
  const { world, change, come } = await open(t, [{ local: [{ user: { name: '{0}' } }], remote }]);
  const ann = await come('ann');
  const { user } = one(ann, 'token');
  assert.equal('password_expires_at' in user, false);
  assert.deepEqual((user['OS-FEDERATION'] as { protocol: unknown }).protocol, { id: 'openid' });
  const enter = () =>
    world.ask('POST', '/auth/tokens', {
      body: { auth: { identity: { methods: ['token'], token: { id: ann.token } } } },
    });
  assert.equal((await enter()).status, 201);
  await change('PATCH', 'identity_providers/corp', { identity_provider: { enabled: false } });
  assert.equal((await enter()).status, 403);
});

test('a mapping to a local user logs in that user', async (t) => {
  const local = [{ user: { name: '{0}', type: 'local', domain: { id: 'default' } } }];
  const { world, come } = await open(t, [{ local, remote }]);
  const ann = await world.person('ann', ['reader']);
  const token = one(await come('ann'), 'token');
  assert.equal(token.user.id, ann.id);
  assert.equal('OS-FEDERATION' in token.user, false);
  assert.equal((await come('nobody')).status, 401);
});

test('names beyond ASCII are kept as asserted', async (t) => {
  const { come } = await open(t, [{ local: [{ user: { name: '{0}' } }], remote }]);
  const utf8 = Buffer.from('añn').toString('latin1');
  assert.equal(one(await come(utf8), 'token').user.name, 'añn');
});

test('web single sign-on posts the token to the dashboard, from a page that allows no other script', async (t) => {
  const { world, asserted } = await open(t, [{ local: [{ user: { name: '{0}' } }], remote }]);
  const paths = [
    '/auth/OS-FEDERATION/websso/openid',
    '/auth/OS-FEDERATION/identity_providers/corp/protocols/openid/websso',
  ];
  for (const path of paths)
    for (const method of ['GET', 'POST']) {
      const page = await world.ask(method, `${path}?origin=${origin}`, { headers: asserted('ann') });
      assert.equal(page.status, 200, JSON.stringify(page.body));
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
      assert.equal(page.headers.get('cache-control'), 'no-store');
      assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'sha256-/);
      const html = String(page.body.text);
      assert.ok(html.includes(`action="${dashboard.toLowerCase()}" method="post"`));
      const [, token = ''] = html.match(/name="token" id="token" value="([^"]+)"/) ?? [];
      assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 200);
    }
});

test('no other origin gets a token, nor does a request without the federation secret', async (t) => {
  const { world, asserted } = await open(t, [{ local: [{ user: { name: '{0}' } }], remote }]);
  const sign = (query: string, headers = asserted('ann')) =>
    Promise.all(
      ['websso/openid', 'identity_providers/corp/protocols/openid/websso'].map(
        async (path) => (await world.ask('GET', `/auth/OS-FEDERATION/${path}${query}`, { headers })).status,
      ),
    );
  assert.deepEqual(await sign(''), [400, 400]);
  for (const other of ['https://evil.example/', `${dashboard}x`, 'https://dash.example', '"><script>alert(1)</script>'])
    assert.deepEqual(await sign(`?origin=${encodeURIComponent(other)}`), [401, 401], other);
  const good = `?origin=${origin}`;
  assert.deepEqual(await sign(good, { ...asserted('ann'), 'x-federation-secret': 'guess' }), [401, 401]);
  assert.deepEqual(await sign(good, { ...asserted('ann'), 'x-assertion-issuer': 'https://other' }), [401, 401]);
});

test('SAML assertions are refused as by a Keystone without keys, after all checks of the request', async (t) => {
  const { world, token, change } = await open(t, [{ local: [{ user: { name: '{0}' } }], remote }]);
  const ann = await world.person('ann', ['reader']);
  const unscoped = (await world.logIn({ id: ann.id, password: ann.password })).token;
  const urls = { auth_url: 'https://a.example', sp_url: 'https://b.example' };
  await change('PUT', 'service_providers/off', { service_provider: { ...urls, enabled: false } });
  await change('PUT', 'service_providers/on', { service_provider: { ...urls, enabled: true } });
  const ask = (id: string, sp: string, path = 'saml2') =>
    world.ask('POST', `/auth/OS-FEDERATION/${path}`, {
      body: { auth: { identity: { methods: ['token'], token: { id } }, scope: { service_provider: { id: sp } } } },
    });
  const statuses = [
    ask(token, 'none'),
    ask(token, 'off'),
    ask('x', 'on'),
    ask(unscoped, 'on'),
    ask(token, 'on'),
    ask(token, 'on', 'saml2/ecp'),
  ];
  assert.deepEqual(
    (await Promise.all(statuses)).map(({ status }) => status),
    [404, 403, 401, 403, 500, 500],
  );
  assert.equal((await world.ask('GET', '/OS-FEDERATION/saml2/metadata')).status, 500);
  const shown = one(await world.ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': token } }), 'token');
  assert.deepEqual(shown.service_providers, [{ id: 'on', ...urls }]);
});

test('invalid rules are refused', async (t) => {
  const { world, token } = await open(t, [{ local: [{ user: { name: '{0}' } }], remote }]);
  const put = async (rules: unknown, version?: string) =>
    (
      await world.ask('PUT', '/OS-FEDERATION/mappings/odd', {
        token,
        body: { mapping: { rules, schema_version: version } },
      })
    ).status;
  const local = [{ user: { name: '{0}' } }];
  assert.equal(await put([]), 400);
  assert.equal(await put([{ local, remote: [] }]), 400);
  assert.equal(await put([{ local, remote: [{ type: 'A', any_one_of: ['x'], not_any_of: ['y'] }] }]), 400);
  assert.equal(await put([{ local: [{ options: '{0}' }], remote }]), 400);
  assert.equal(await put([{ local, remote }], '9.0'), 400);
  assert.equal(await put([{ local: [{ projects_json: '{0}' }], remote }], '1.0'), 400);
  assert.equal(await put([{ local, remote }], '2.0'), 201);
});
