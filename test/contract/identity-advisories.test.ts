/** What others got wrong before us, one test for each advisory that can apply here; the others are named at the end. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { many, one, openIdentity } from '../fakes/identity.ts';

const open = (t: TestContext, more = {}) => openIdentity(t, more);
type World = Awaited<ReturnType<typeof open>>;

const isGood = async ({ ask }: World, token: string) =>
  (await ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': token } })).status === 200;
const rescope = ({ ask }: World, token: string, scope: unknown) =>
  ask('POST', '/auth/tokens', { body: { auth: { identity: { methods: ['token'], token: { id: token } }, scope } } });
const roleNamed = async ({ ask, admin }: World, name: string) =>
  many(await ask('GET', `/roles?name=${name}`, { token: await admin() }), 'roles')[0]?.id ?? '';

test('OSSA-2012-002: a password too long is refused before it is hashed', async (t) => {
  const { logIn } = await open(t);
  assert.equal((await logIn({ name: 'admin', password: 'x'.repeat(4096) })).status, 401);
  assert.equal((await logIn({ name: 'admin', password: 'x'.repeat(4097) })).status, 400);
  assert.equal((await logIn({ name: 'admin', password: 'x'.repeat(1_000_000) })).status, 413);
});

test('OSSA-2012-010, OSSA-2012-019, OSSA-2016-008: a chain of tokens ends with the first, and is revoked by name', async (t) => {
  const world = await open(t);
  const ann = await world.person('ann', ['member']);
  let token = ann.token;
  const first = one(await world.ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': token } }), 'token');
  for (let turn = 0; turn < 6; turn += 1) {
    const next = await rescope(world, token, { project: { id: ann.projectId } });
    assert.equal(one(next, 'token').expires_at, first.expires_at);
    assert.equal(one(next, 'token').audit_ids[1], first.audit_ids[0], 'the chain keeps its name');
    token = next.token;
  }
});

test('OSSA-2012-010, OSSA-2013-011, OSSN-0032: who is disabled, renamed by a password or deleted has no token left', async (t) => {
  const world = await open(t);
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

test('OSSA-2012-013: a refused change changes nothing', async (t) => {
  const world = await open(t);
  const ann = await world.person('ann', ['member']);
  const body = { user: { name: 'root', enabled: false } };
  assert.equal((await world.ask('PATCH', `/users/${ann.id}`, { token: ann.token, body })).status, 403);
  const user = one(await world.ask('GET', `/users/${ann.id}`, { token: await world.admin() }), 'user');
  assert.deepEqual([user.name, user.enabled], ['ann', true]);
});

test('OSSA-2012-014: a token loses a role that is taken away, direct, by group and inherited', async (t) => {
  const world = await open(t);
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
  const world = await open(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['member']);
  await world.ask('PATCH', `/projects/${ann.projectId}`, { token: admin, body: { project: { enabled: false } } });
  assert.ok(!(await isGood(world, ann.token)));
  const again = await world.logIn({ id: ann.id, password: ann.password }, { project: { id: ann.projectId } });
  assert.equal(again.status, 401);
});

test('OSSA-2013-009, OSSA-2013-014, OSSN-0034: a revoked token stays so by every path, and after a restart', async (t) => {
  const world = await open(t);
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

test('OSSA-2013-010, OSSN-0003: keys lie where only the service reads them', async (t) => {
  const { home } = await open(t);
  assert.equal(statSync(join(home, 'secrets', 'credential-keys')).mode & 0o077, 0);
});

test('OSSA-2013-015: no password is no password, whatever its type', async (t) => {
  const { ask, logIn } = await open(t);
  assert.equal((await logIn({ name: 'admin', password: '' })).status, 401);
  for (const password of [null, [], {}, true, 0]) {
    const user = { name: 'admin', domain: { id: 'default' }, password };
    const auth = { identity: { methods: ['password'], password: { user } } };
    assert.equal((await ask('POST', '/auth/tokens', { body: { auth } })).status, 400);
  }
});

test('OSSA-2013-028: to take away what nobody has gives nothing', async (t) => {
  const world = await open(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['reader']);
  const grant = `/projects/${ann.projectId}/users/${ann.id}/roles/${await roleNamed(world, 'admin')}`;
  assert.equal((await world.ask('DELETE', grant, { token: admin })).status, 404);
  assert.equal((await world.ask('HEAD', grant, { token: admin })).status, 404);
});

test('OSSA-2014-013: a method named a thousand times is tried once', async (t) => {
  const { ask } = await open(t);
  const user = { name: 'admin', domain: { id: 'default' }, password: 'admin-password' };
  const identity = { methods: Array.from({ length: 1000 }, () => 'password'), password: { user } };
  const began = performance.now();
  const answer = await ask('POST', '/auth/tokens', { body: { auth: { identity } } });
  assert.deepEqual(one(answer, 'token').methods, ['password']);
  assert.ok(performance.now() - began < 5_000);
});

test('OSSA-2014-015: a user and a group of one id do not share roles', async (t) => {
  const world = await open(t);
  const admin = await world.admin();
  const ann = await world.person('ann', ['reader']);
  const member = await roleNamed(world, 'member');
  assert.equal(
    (await world.ask('PUT', `/projects/${ann.projectId}/groups/${ann.id}/roles/${member}`, { token: admin })).status,
    404,
  );
});

test('OSSA-2014-029: a URL of the catalog names the project and the user, and nothing else of ours', async (t) => {
  const world = await open(t);
  const token = await world.admin();
  const service = one(
    await world.ask('POST', '/services', { token, body: { service: { type: 'x', name: 'x' } } }),
    'service',
  );
  for (const url of ['http://h/$(admin_token)s', 'http://h/%(password)s', 'http://h/$(project_id)s'])
    await world.ask('POST', '/endpoints', {
      token,
      body: { endpoint: { service_id: service.id, interface: 'public', url } },
    });
  const { catalog } = one(
    await world.logIn(
      { name: 'admin', password: 'admin-password' },
      { project: { name: 'admin', domain: { id: 'default' } } },
    ),
    'token',
  );
  const urls = catalog.find(({ type }) => type === 'x')?.endpoints.map(({ url }) => url) ?? [];
  assert.equal(urls.length, 1);
  assert.match(urls[0] ?? '', /^http:\/\/h\/[0-9a-f]{32}$/);
});

test('OSSA-2016-005, OSSN-0062: a token spelled otherwise is no token', async (t) => {
  const world = await open(t);
  const { token } = await world.person('ann', ['member']);
  const [head = '', body = '', signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const flipped = (order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
  const mirrored = Buffer.concat([bytes.subarray(0, 32), Buffer.from(flipped, 'hex')]).toString('base64url');
  const spellings = [`${token}=`, `${token}A`, `${head}.${body}.`, `${head}.${body}.${mirrored}`];
  await world.ask('DELETE', '/auth/tokens', { token, headers: { 'x-subject-token': token } });
  for (const spelled of spellings) assert.ok(!(await isGood(world, spelled)), spelled.slice(-20));
});

test('OSSA-2018-002: who asks where they may go hears that and no more', async (t) => {
  const world = await open(t);
  const ann = await world.person('ann', ['member']);
  await world.person('bob', ['member']);
  const own = many(await world.ask('GET', '/auth/projects', { token: ann.token }), 'projects');
  assert.deepEqual(
    own.map(({ id }) => id),
    [ann.projectId],
  );
  assert.equal(many(await world.ask('GET', '/auth/domains', { token: ann.token }), 'domains').length, 0);
  const bobs = await world.person('eve', ['member']);
  assert.equal((await world.ask('GET', `/users/${bobs.id}/projects`, { token: ann.token })).status, 403);
});

test('OSSA-2019-006: everybody sees their own credentials', async (t) => {
  const world = await open(t);
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', ['manager'])];
  const body = { credential: { type: 'totp', blob: 'GEZDGNBVGY3TQOJQ' } };
  const { id } = one(await world.ask('POST', '/credentials', { token: ann.token, body }), 'credential');
  assert.equal(many(await world.ask('GET', '/credentials', { token: bob.token }), 'credentials').length, 0);
  assert.equal((await world.ask('GET', `/credentials/${id}`, { token: bob.token })).status, 403);
  assert.equal(many(await world.ask('GET', '/credentials', { token: ann.token }), 'credentials').length, 1);
});

interface Key {
  readonly access: string;
  readonly secret: string;
}

/** A request of the EC2 API, signed in version 4. */
function signedBy({ access, secret }: Key, at = new Date()) {
  const date = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const hash = createHash('sha256').update('').digest('hex');
  const headers = { host: 'ec2.example', 'x-amz-date': date };
  const canonical = ['GET', '/', '', `host:ec2.example\nx-amz-date:${date}\n`, 'host;x-amz-date', hash].join('\n');
  const scope = `${day}/RegionOne/ec2/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const key = [day, 'RegionOne', 'ec2', 'aws4_request'].reduce<string | Buffer>(
    (from, word) => createHmac('sha256', from).update(word).digest(),
    `AWS4${secret}`,
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${access}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
  return {
    credentials: {
      access,
      signature,
      host: 'ec2.example',
      verb: 'GET',
      path: '/',
      params: {},
      headers: { ...headers, authorization },
      body_hash: hash,
    },
  };
}

async function ec2World(t: TestContext) {
  const world = await open(t);
  const ann = await world.person('ann', ['member']);
  const nova = await world.logIn(
    { name: 'nova', password: 'nova-password' },
    { project: { name: 'service', domain: { id: 'default' } } },
  );
  const made = await world.ask('POST', `/users/${ann.id}/credentials/OS-EC2`, {
    token: ann.token,
    body: { tenant_id: ann.projectId },
  });
  const key = one(made, 'credential');
  const by = (body: unknown, token = nova.token) => world.ask('POST', '/ec2tokens', { token, body });
  return { world, ann, key, by, nova: nova.token };
}

test('OSSA-2012-018, OSSA-2013-005: a key is worth what its user is, now', async (t) => {
  const { world, ann, key, by } = await ec2World(t);
  const good = await by(signedBy(key));
  assert.equal(good.status, 200);
  assert.equal(one(good, 'token').user.id, ann.id);
  const token = await world.admin();
  const disable = (enabled: boolean) =>
    world.ask('PATCH', `/projects/${ann.projectId}`, { token, body: { project: { enabled } } });
  await disable(false);
  assert.equal((await by(signedBy(key))).status, 401);
  await disable(true);
  await world.ask('PATCH', `/users/${ann.id}`, { token, body: { user: { enabled: false } } });
  assert.equal((await by(signedBy(key))).status, 401);
  await world.ask('PATCH', `/users/${ann.id}`, { token, body: { user: { enabled: true } } });
  await world.ask('DELETE', `/projects/${ann.projectId}/users/${ann.id}/roles/${await roleNamed(world, 'member')}`, {
    token,
  });
  assert.equal((await by(signedBy(key))).status, 401);
});

test('OSSA-2020-003: a signature is good for a quarter of an hour', async (t) => {
  const { key, by } = await ec2World(t);
  for (const minutes of [-16, 16])
    assert.equal((await by(signedBy(key, new Date(Date.now() + minutes * 60_000)))).status, 401);
  assert.equal((await by(signedBy({ ...key, secret: 'other' }))).status, 401);
});

test('OSSA-2025-002: only a service may have a signature turned into a token, and S3 never has one', async (t) => {
  const { world, ann, key, by, nova } = await ec2World(t);
  assert.equal((await by(signedBy(key), ann.token)).status, 403);
  assert.equal((await by(signedBy(key), '')).status, 401);
  const text = 'GET\n\n\nMon\n/bucket';
  const signature = createHmac('sha1', key.secret).update(text).digest('base64');
  const body = { credentials: { access: key.access, signature, token: Buffer.from(text).toString('base64url') } };
  const answer = await world.ask('POST', '/s3tokens', { token: nova, body });
  assert.equal(answer.status, 200);
  assert.equal(answer.token, '');
  assert.equal((await world.ask('POST', '/s3tokens', { body })).status, 401);
});

test('FIX-KS-EC2TOKEN-BAN: a token made from a key does nothing here', async (t) => {
  const { world, key, by } = await ec2World(t);
  const { token } = await by(signedBy(key));
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 401);
  assert.ok((await rescope(world, token, 'unscoped')).status >= 401);
});

test('OSSA-2020-004: the owner of a key cannot make it another', async (t) => {
  const { world, ann, key } = await ec2World(t);
  const bob = await world.person('bob', ['member']);
  const id = createHash('sha256').update(key.access).digest('hex');
  const blob = JSON.stringify({ access: key.access, secret: key.secret, trust_id: 'x' });
  for (const credential of [{ user_id: bob.id }, { project_id: bob.projectId }, { type: 'totp' }, { blob }])
    assert.equal(
      (await world.ask('PATCH', `/credentials/${id}`, { token: ann.token, body: { credential } })).status,
      403,
    );
});

test('FIX-KS-EC2-READER, OSSA-2026-005: a reader and a restricted application credential make no keys', async (t) => {
  const world = await open(t);
  const reader = await world.person('rita', ['reader']);
  const body = { tenant_id: reader.projectId };
  assert.equal(
    (await world.ask('POST', `/users/${reader.id}/credentials/OS-EC2`, { token: reader.token, body })).status,
    403,
  );
  const { ann, token } = await appCredential(world, {});
  const tenant = { tenant_id: ann.projectId };
  assert.equal((await world.ask('POST', `/users/${ann.id}/credentials/OS-EC2`, { token, body: tenant })).status, 403);
  const credential = { type: 'totp', blob: 'x', project_id: ann.projectId };
  assert.equal((await world.ask('POST', '/credentials', { token, body: { credential } })).status, 403);
});

async function appCredential(world: World, wish: object, name = 'ann') {
  const ann = await world.person(name, ['member']);
  const path = `/users/${ann.id}/application_credentials`;
  const body = { application_credential: { name: 'one', ...wish } };
  const made = one(await world.ask('POST', path, { token: ann.token, body }), 'application_credential');
  const by = (more: object = {}, scope?: unknown) =>
    world.ask('POST', '/auth/tokens', {
      body: {
        auth: {
          identity: {
            methods: ['application_credential'],
            application_credential: { id: made.id, secret: made.secret, ...more },
          },
          ...(scope ? { scope } : {}),
        },
      },
    });
  const { token } = await by();
  return { ann, made, token, by, path };
}

test('FIX-KS-42998: an application credential logs in its owner and nobody else', async (t) => {
  const world = await open(t);
  const { ann, by } = await appCredential(world, {});
  const bob = await world.person('bob', ['member']);
  assert.equal(one(await by({ user: { id: ann.id } }), 'token').user.id, ann.id);
  assert.equal((await by({ user: { id: bob.id } })).status, 401);
  assert.equal((await by({ secret: 'other' })).status, 401);
});

test('FIX-KS-APPCRED-RESCOPE, OSSA-2014-018, FIX-KS-43000: what was delegated is not delegated on, nor widened', async (t) => {
  const world = await open(t);
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
  const world = await open(t);
  const { ann, made, token, path } = await appCredential(world, {
    access_rules: [{ service: 'identity', method: 'GET', path: '/v3/auth/projects' }],
  });
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 200);
  assert.equal((await world.ask('GET', '/auth/domains', { token })).status, 401);
  assert.equal((await world.ask('DELETE', `${path}/${made.id}`, { token: ann.token })).status, 204);
  assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 401);
});

async function trusted(world: World, impersonation: boolean) {
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', ['member'])];
  const trust = {
    trustor_user_id: ann.id,
    trustee_user_id: bob.id,
    impersonation,
    project_id: ann.projectId,
    roles: [{ name: 'reader' }],
  };
  const made = one(await world.ask('POST', '/OS-TRUST/trusts', { token: ann.token, body: { trust } }), 'trust');
  const use = () => world.logIn({ id: bob.id, password: bob.password }, { 'OS-TRUST:trust': { id: made.id } });
  return { ann, bob, made, use };
}

test('OSSA-2014-022, OSSA-2014-006, OSSA-2013-032: a trust gives its roles in its project, while both are well', async (t) => {
  const world = await open(t);
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
  const world = await open(t);
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
  const world = await open(t);
  const { ann, token } = await appCredential(world, { unrestricted: true });
  const body = { credential: { type: 'totp', blob: 'x', user_id: ann.id } };
  const { id } = one(await world.ask('POST', '/credentials', { token: ann.token, body }), 'credential');
  assert.equal((await world.ask('GET', `/credentials/${id}`, { token })).status, 403);
});

test('OSSA-2021-003: locked, unknown, disabled and wrong get one answer', async (t) => {
  const world = await open(t, { lockoutTries: 2 });
  const ann = await world.person('ann', ['member']);
  const bob = await world.person('bob', ['member']);
  await world.ask('PATCH', `/users/${bob.id}`, { token: await world.admin(), body: { user: { enabled: false } } });
  const wrong = await world.logIn({ name: 'ann', password: 'x' });
  await world.logIn({ name: 'ann', password: 'x' });
  const others = [
    await world.logIn({ name: 'ann', password: ann.password }),
    await world.logIn({ name: 'nobody', password: 'x' }),
    await world.logIn({ name: 'bob', password: bob.password }),
  ];
  for (const other of others) assert.deepEqual([other.status, other.body], [wrong.status, wrong.body]);
});

test('OSSN-0004: a new password needs the old one, and wrong ones count', async (t) => {
  const world = await open(t, { lockoutTries: 2 });
  const ann = await world.person('ann', ['member']);
  const change = (original: unknown) =>
    world.ask('POST', `/users/${ann.id}/password`, {
      body: { user: { password: 'new', original_password: original } },
    });
  assert.equal((await change(undefined)).status, 400);
  for (const _ of [1, 2]) assert.equal((await change('wrong')).status, 401);
  assert.equal((await world.logIn({ name: 'ann', password: ann.password })).status, 401, 'locked');
});

test('OSSN-0010: nothing moves to another domain', async (t) => {
  const world = await open(t);
  const token = await world.admin();
  const ann = await world.person('ann', ['member']);
  const domain = one(await world.ask('POST', '/domains', { token, body: { domain: { name: 'd' } } }), 'domain');
  const group = one(await world.ask('POST', '/groups', { token, body: { group: { name: 'g' } } }), 'group');
  for (const [path, what] of [
    [`users/${ann.id}`, 'user'],
    [`projects/${ann.projectId}`, 'project'],
    [`groups/${group.id}`, 'group'],
  ] as const)
    assert.ok(
      [400, 403].includes(
        (await world.ask('PATCH', `/${path}`, { token, body: { [what]: { domain_id: domain.id } } })).status,
      ),
      what,
    );
});

test('OSSN-0042, FIX-KS-SYSRESCOPE: with allowRescope off a scope cannot be left', async (t) => {
  const world = await open(t, { allowRescope: false });
  const ann = await world.person('ann', ['member']);
  for (const scope of [{ project: { id: ann.projectId } }, { system: { all: true } }, { domain: { id: 'default' } }])
    assert.equal((await rescope(world, ann.token, scope)).status, 403);
  assert.equal((await rescope(world, await world.admin(), { system: { all: true } })).status, 403);
});

test('OSSN-0064: there is no token but those that were given', async (t) => {
  const { ask } = await open(t);
  for (const token of ['ADMIN', 'admin', ' ', 'a.b.c', 'null'])
    assert.equal((await ask('GET', '/users', { token })).status, 401);
});

test('OSSN-0081: a password is kept as argon2id, with a cost', async () => {
  const text = readFileSync('services/identity/config.ts', 'utf8');
  assert.match(text, /argonKib: number\(19_456/);
  assert.match(text, /argonPasses: number\(2/);
});

test('FIX-KS-42999: what a body says of itself moves no rule', async (t) => {
  const world = await open(t);
  const ann = await world.person('ann', ['member']);
  const lies = { user_id: ann.id, is_admin: true, target: { user: { domain_id: 'default' } }, roles: ['admin'] };
  const body = { user: { name: 'x', ...lies }, ...lies };
  assert.equal((await world.ask('POST', '/users?is_admin=1&user_id=x', { token: ann.token, body })).status, 403);
});

test('OSSA-2026-001: headers that say who somebody is are nothing', async (t) => {
  const world = await open(t);
  const ann = await world.person('ann', ['member']);
  const headers = {
    'x-roles': 'admin',
    'x-user-id': 'x',
    'x-is-admin-project': 'True',
    'x-system-scope': 'all',
    'x-service-roles': 'service',
  };
  assert.equal((await world.ask('GET', '/users', { headers })).status, 401);
  assert.equal((await world.ask('GET', '/users', { token: ann.token, headers })).status, 403);
});

test('FIX-KM-SVCTOKEN: the token of a user is no service token', async (t) => {
  const world = await open(t);
  const { ann, token } = await appCredential(world, {
    access_rules: [{ service: 'identity', method: 'GET', path: '/v3/auth/projects' }],
  });
  const headers = { 'x-service-token': ann.token };
  assert.equal((await world.ask('GET', '/auth/domains', { token, headers })).status, 401);
});
