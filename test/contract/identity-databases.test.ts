/** Identity on sqlite and on MySQL (WATTLE_TEST_MYSQL), with two controllers: the same answers. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { baseString } from '../../services/identity/oauth/signature.ts';
import { fromBase32, passcodeAt } from '../../services/identity/tokens/by-totp.ts';
import { type DatabaseKind, databaseIn, databaseKinds, skipped } from '../fakes/databases.ts';
import { type IdentityAnswer, type IdentityClient, many, one, openIdentity, type Resource } from '../fakes/identity.ts';

async function open(t: TestContext, kind: DatabaseKind) {
  const folder = mkdtempSync(join(tmpdir(), 'databases-'));
  const { url, drop } = databaseIn(folder, kind);
  const world = await openIdentity(t, { database: url, federationSecret: 's', federationAttributes: ['USER'] });
  t.after(drop);
  t.after(() => rmSync(folder, { recursive: true }));
  const other = await world.startAnother();
  const token = await world.admin();
  const write = (by: IdentityClient, method: string, path: string, body?: unknown) =>
    by.ask(method, path, { token, body });
  const made = async (key: string, path: string, options: object): Promise<Resource> =>
    one(await write(world, 'POST', path, { [key]: options }), key);
  return { world, other, token, write, made };
}
type World = Awaited<ReturnType<typeof open>>;

/** Four concurrent requests, two per controller: one creates the resource, the others get 409. */
async function race({ world, other, write }: World, method: string, path: string, body: unknown, good = 201) {
  const tries = await Promise.all([world, other, world, other].map((by) => write(by, method, path, body)));
  const said = tries.map(({ status }) => status).toSorted((a, b) => a - b);
  return { said, expected: [good, 409, 409, 409], body: tries.map((each) => JSON.stringify(each.body)).join() };
}

const parts: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'of concurrent creations of one name one succeeds and the others get 409': async (open) => {
    const { world, write, made, token } = open;
    const ann = await world.person('ann', ['member']);
    const service = await made('service', '/services', { type: 'compute', name: 'n' });
    const place = { service_id: service.id, region_id: 'RegionOne', resource_name: 'cores' };
    const limit = { ...place, project_id: ann.projectId, resource_limit: 5 };
    const racers: [string, string, unknown][] = [
      ['POST', '/users', { user: { name: 'Twin' } }],
      ['POST', '/groups', { group: { name: 'Twin' } }],
      ['POST', '/projects', { project: { name: 'Twin' } }],
      ['POST', '/domains', { domain: { name: 'Twin' } }],
      ['POST', '/roles', { role: { name: 'Twin' } }],
      ['PUT', '/regions/twin', { region: { description: 'x' } }],
      ['POST', '/registered_limits', { registered_limits: [{ ...place, default_limit: 10 }] }],
      ['POST', '/limits', { limits: [limit] }],
      ['PUT', '/OS-FEDERATION/mappings/m', { mapping: { rules: [userRule] } }],
      ['PUT', '/OS-FEDERATION/identity_providers/idp', { identity_provider: { domain_id: 'default', enabled: true } }],
      ['PUT', '/OS-FEDERATION/identity_providers/idp/protocols/openid', { protocol: { mapping_id: 'm' } }],
      ['POST', '/credentials', { credential: { type: 'ec2', project_id: ann.projectId, blob: ec2 } }],
    ];
    for (const [method, path, body] of racers) {
      const { said, expected, body: answers } = await race(open, method, path, body);
      assert.deepEqual(said, expected, `${path} ${answers}`);
    }
    const { said, expected } = await race(
      { ...open, write: (by, method, path, body) => by.ask(method, path, { token: ann.token, body }) },
      'POST',
      `/users/${ann.id}/application_credentials`,
      { application_credential: { name: 'Twin' } },
    );
    assert.deepEqual(said, expected);
    const role = many(await world.ask('GET', '/roles?name=reader', { token }), 'roles')[0]?.id;
    const grant = `/projects/${ann.projectId}/users/${ann.id}/roles/${role}`;
    const grants = await Promise.all([world, open.other, world, open.other].map((by) => write(by, 'PUT', grant)));
    assert.deepEqual(new Set(grants.map(({ status }) => status)), new Set([204]), 'to grant twice is to grant');
  },

  'two concurrent first logins of a federated person give one user': async ({ world, other }) => {
    const headers = { 'x-federation-secret': 's', 'x-assertion-user': Buffer.from('Zoë 🦊').toString('latin1') };
    const path = '/OS-FEDERATION/identity_providers/idp/protocols/openid/auth';
    const logins = await Promise.all([world, other, world, other].map((by) => by.ask('GET', path, { headers })));
    assert.equal(new Set(logins.map((login) => one(login, 'token').user.id)).size, 1);
    assert.equal(one(logins[0] as IdentityAnswer, 'token').user.name, 'Zoë 🦊');
  },

  'names are unique and found without regard to case': async ({ world, write, made }) => {
    for (const [key, name] of [
      ['user', 'Äpfel'],
      ['group', 'Äpfel'],
      ['project', 'Äpfel'],
      ['domain', 'Äpfel'],
      ['role', 'Äpfel'],
    ] as const) {
      const first = await made(key, `/${key}s`, { name, ...(key === 'user' ? { password: 'p' } : {}) });
      assert.equal((await write(world, 'POST', `/${key}s`, { [key]: { name: 'äPFEL' } })).status, 409, key);
      const second = await made(key, `/${key}s`, { name: 'Apfel' });
      const renamed = await write(world, 'PATCH', `/${key}s/${second.id}`, { [key]: { name: 'ÄPFEL' } });
      assert.equal(renamed.status, 409, `${key} ${JSON.stringify(renamed.body)}`);
      const again = await write(world, 'PATCH', `/${key}s/${first.id}`, { [key]: { name: 'ÄPFEL' } });
      assert.equal(again.status, 200, `a ${key} may spell its own name anew`);
    }
    assert.equal((await world.logIn({ name: 'äpfel', password: 'p' })).status, 201);
  },

  'long and unusual values are returned unchanged, or refused': async ({ world, write, made, token }) => {
    const odd = `${'🦊é'.repeat(30)} "\\' \u0000\u2028%_`;
    const user = await made('user', '/users', { name: '🦊'.repeat(127), odd, deep: { a: [1, null, odd] } });
    const read = one(await world.ask('GET', `/users/${user.id}`, { token }), 'user');
    assert.deepEqual([read.name, read.odd, read.deep], ['🦊'.repeat(127), odd, { a: [1, null, odd] }]);
    const story = 'ß'.repeat(40_000);
    assert.equal((await made('policy', '/policies', { type: 'text/plain', blob: story })).blob, story);
    assert.equal((await made('group', '/groups', { name: 'long', description: story })).description, story);
    const region = 'r'.repeat(255);
    await made('region', '/regions', { id: region });
    const service = await made('service', '/services', { type: 'x' });
    const options = { service_id: service.id, region_id: region, resource_name: 'y'.repeat(255), default_limit: 1 };
    const limit = await write(world, 'POST', '/registered_limits', { registered_limits: [options] });
    assert.equal(limit.status, 201);
    const tooLong: [string, object][] = [
      ['user', { name: 'x'.repeat(256) }],
      ['project', { name: 'x'.repeat(65) }],
      ['role', { name: 'x'.repeat(256) }],
      ['group', { name: 'x'.repeat(65) }],
      ['region', { id: 'x'.repeat(256) }],
      ['service', { type: 'x'.repeat(256) }],
    ];
    for (const [key, body] of tooLong)
      assert.equal(
        (await write(world, 'POST', `/${key === 'policy' ? 'policies' : `${key}s`}`, { [key]: body })).status,
        400,
        key,
      );
  },

  'a deletion deletes dependent rows and no others': async ({ world, write, made, token }) => {
    const domain = await made('domain', '/domains', { name: 'short-lived' });
    const inside = { domain_id: domain.id };
    const user = await made('user', '/users', { name: 'u', password: 'p', ...inside });
    const project = await made('project', '/projects', { name: 'p', ...inside });
    const role = await made('role', '/roles', { name: 'r', ...inside });
    const reader = many(await world.ask('GET', '/roles?name=reader', { token }), 'roles')[0]?.id;
    await write(world, 'PUT', `/projects/${project.id}/users/${user.id}/roles/${reader}`);
    const login = await world.logIn({ id: user.id, password: 'p' }, { project: { id: project.id } });
    const application = await world.ask('POST', `/users/${user.id}/application_credentials`, {
      token: login.token,
      body: { application_credential: { name: 'a' } },
    });
    assert.equal(application.status, 201);
    await write(world, 'PATCH', `/domains/${domain.id}`, { domain: { enabled: false } });
    assert.equal((await write(world, 'DELETE', `/domains/${domain.id}`)).status, 204);
    for (const path of [`/users/${user.id}`, `/projects/${project.id}`, `/roles/${role.id}`, `/domains/${domain.id}`])
      assert.equal((await world.ask('GET', path, { token })).status, 404, path);
    assert.equal((await world.ask('GET', '/auth/projects', { token: login.token })).status, 401);
  },

  'a trust of three uses is used three times, at any controller': async ({ world, other }) => {
    const [giver, taker] = [await world.person('giver', ['member']), await world.person('taker', ['member'])];
    const trust = {
      trustor_user_id: giver.id,
      trustee_user_id: taker.id,
      impersonation: false,
      project_id: giver.projectId,
      roles: [{ name: 'reader' }],
      remaining_uses: 3,
    };
    const { id } = one(await world.ask('POST', '/OS-TRUST/trusts', { token: giver.token, body: { trust } }), 'trust');
    const use = (by: IdentityClient) =>
      by.logIn({ id: taker.id, password: taker.password }, { 'OS-TRUST:trust': { id } });
    const uses = await Promise.all([world, other, world, other, world, other].map(use));
    assert.equal(uses.filter(({ status }) => status === 201).length, 3);
  },

  'a passcode is accepted once, at any controller, also after a restart': async ({ world, other, made, token }) => {
    const ann = await world.person('totp', []);
    await made('credential', '/credentials', { type: 'totp', blob: seed, user_id: ann.id });
    const passcode = passcodeAt(fromBase32(seed), Math.floor(Date.now() / 30_000));
    const identity = { methods: ['totp'], totp: { user: { id: ann.id, passcode } } };
    await countsOnce({ world, other }, (by) => by.ask('POST', '/auth/tokens', { body: { auth: { identity } } }));
    assert.equal((await world.ask('GET', '/auth/projects', { token })).status, 200, 'the same rows as before');
  },

  'a nonce is accepted once, at any controller, also after a restart': async ({ world, other, made, token }) => {
    const consumer = await made('consumer', '/OS-OAUTH1/consumers', { description: 'a program' });
    const project = many(await world.ask('GET', '/projects?name=admin', { token }), 'projects')[0]?.id ?? '';
    const path = '/OS-OAUTH1/request_token';
    const timestamp = String(Math.floor(Date.now() / 1000));
    await countsOnce({ world, other }, (by) => {
      const authorization = signed(`${by.url}/v3${path}`, consumer, timestamp);
      return by.ask('POST', path, { headers: { authorization, 'requested-project-id': project } });
    });
  },
};

/** Of four concurrent uses one succeeds; later ones fail, also after a restart. */
async function countsOnce(
  { world, other }: Pick<World, 'world' | 'other'>,
  use: (by: IdentityClient) => Promise<IdentityAnswer>,
): Promise<void> {
  const tries = await Promise.all([world, other, world, other].map(use));
  const said = tries.map(({ status }) => status).toSorted((a, b) => a - b);
  assert.deepEqual(said, [201, 401, 401, 401], JSON.stringify(tries.map(({ body }) => body)));
  await world.restart();
  for (const by of [world, other]) assert.equal((await use(by)).status, 401);
}

function signed(url: string, consumer: Resource, timestamp: string): string {
  const header = {
    oauth_consumer_key: consumer.id,
    oauth_nonce: 'once',
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: timestamp,
  };
  const mac = createHmac('sha1', `${consumer.secret}&`).update(baseString({ method: 'POST', url, header }));
  const pairs = Object.entries({ ...header, oauth_signature: mac.digest('base64') });
  return `OAuth ${pairs.map(([name, value]) => `${name}="${encodeURIComponent(value)}"`).join(', ')}`;
}

const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

const userRule = { local: [{ user: { name: '{0}' } }], remote: [{ type: 'USER' }] };
const ec2 = JSON.stringify({ access: 'twin', secret: 'x' });

for (const kind of databaseKinds)
  test(`identity on ${kind}, two controllers`, { skip: skipped(kind) }, async (t) => {
    const world = await open(t, kind);
    for (const [name, part] of Object.entries(parts)) await t.test(name, () => part(world));
  });
