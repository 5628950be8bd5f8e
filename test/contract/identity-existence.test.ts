/**
 * A refused caller learns nothing about ids: each route with an id, called by each persona for a foreign id and an
 * unknown one.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { routes } from '../../services/identity/routes.ts';
import { type IdentityWorld, many, one, openIdentity } from '../fakes/identity.ts';
import { exampleOf } from './example.ts';
import { apis } from './services.ts';

/** Resources whose unknown ids are 404 in Keystone before its rule; its clients and tests rely on that. */
const toldToAll = [
  /^(get|patch|delete) \/v3\/roles\/:id$/,
  /^(patch|delete) \/v3\/domains\/:id$/,
  /^delete \/v3\/groups\/:id$/,
  /^(get|delete) \/v3\/users\/:id\/credentials\/OS-EC2\/:access$/,
  /^(get|delete) \/v3\/OS-TRUST\/trusts\/:id/,
];

const document = apis.find(({ name }) => name === 'identity')?.document;
const byId = routes.filter(({ path, auth }) => path.includes('/:') && auth !== 'none');

function bodyOf(method: string, path: string): { body?: unknown } {
  const schema = document?.operation(method, path)?.requestBody?.content?.['application/json']?.schema;
  return schema === undefined ? {} : { body: exampleOf(schema) };
}

type Things = Readonly<Record<string, string>>;

/** One resource of each kind in a domain, and their relations. */
async function things(world: IdentityWorld, domainName: string): Promise<Things> {
  const token = await world.admin();
  const make = async (path: string, key: string, body: object, by = token) =>
    one(await world.ask('POST', path, { token: by, body: { [key]: body } }), key);
  const domain_id = (await make('/domains', 'domain', { name: domainName })).id;
  const user = await make('/users', 'user', { name: 'u', domain_id, password: 'p' });
  const project = await make('/projects', 'project', { name: 'p', domain_id, tags: ['tag'] });
  const group = await make('/groups', 'group', { name: 'g', domain_id });
  await world.ask('PUT', `/groups/${group.id}/users/${user.id}`, { token });
  const roles = many(await world.ask('GET', '/roles', { token }), 'roles');
  const member = roles.find(({ name }) => name === 'member')?.id ?? '';
  await world.ask('PUT', `/projects/${project.id}/users/${user.id}/roles/${member}`, { token });
  const own = (await world.logIn({ id: user.id, password: 'p' }, { project: { id: project.id } })).token;
  const rules = [{ path: '/v2.1/servers', method: 'GET', service: 'compute' }];
  const credentials = `/users/${user.id}/application_credentials`;
  const app = await make(credentials, 'application_credential', { name: 'a', access_rules: rules }, own);
  const key = one(
    await world.ask('POST', `/users/${user.id}/credentials/OS-EC2`, { token: own, body: { tenant_id: project.id } }),
    'credential',
  );
  const trustee = await make('/users', 'user', { name: 'trustee', domain_id, password: 'p' });
  const parts = { trustor_user_id: user.id, trustee_user_id: trustee.id, project_id: project.id, impersonation: false };
  return {
    domains: domain_id,
    users: user.id,
    projects: project.id,
    groups: group.id,
    tags: 'tag',
    roles: member,
    credentials: (await make('/credentials', 'credential', { type: 'cert', blob: 'x' }, own)).id,
    application_credentials: app.id,
    access_rules: (app.access_rules as { id: string }[])[0]?.id ?? '',
    'OS-EC2': key.access,
    trusts: (await make('/OS-TRUST/trusts', 'trust', { ...parts, roles: [{ id: member }] }, own)).id,
  };
}

/** The resource for each `/:name`, by the segment before it. */
const filled = (path: string, some: Things) =>
  path
    .replace(/^\/v3/, '')
    .replace(/([\w-]+)\/:(\w+)/g, (_match, word: string) => `${word}/${some[word] ?? 'nothing-of-that-name'}`);

async function personas(world: IdentityWorld): Promise<Readonly<Record<string, string>>> {
  const token = await world.admin();
  const tokens: Record<string, string> = {};
  const domain = one(await world.ask('POST', '/domains', { token, body: { domain: { name: 'own' } } }), 'domain').id;
  const roles = many(await world.ask('GET', '/roles', { token }), 'roles');
  for (const { id: role, name } of roles.filter((each) => ['manager', 'member', 'reader'].includes(each.name))) {
    const { id, password, token: ofProject } = await world.person(`a-${name}`, [name]);
    await world.ask('PUT', `/domains/${domain}/users/${id}/roles/${role}`, { token });
    await world.ask('PUT', `/system/users/${id}/roles/${role}`, { token });
    tokens[`project ${name}`] = ofProject;
    tokens[`domain ${name}`] = (await world.logIn({ id, password }, { domain: { id: domain } })).token;
    tokens[`system ${name}`] = (await world.logIn({ id, password }, { system: { all: true } })).token;
  }
  return tokens;
}

async function walk(t: TestContext, more: Readonly<Record<string, unknown>>, caller = /./) {
  const world = await openIdentity(t, more);
  const foreign = await things(world, 'foreign');
  const unknown = Object.fromEntries(Object.keys(foreign).map((word) => [word, '0123456789abcdef0123456789abcdef']));
  const seen = { refused: 0, leaks: [] as string[], told: new Set<string>() };
  for (const [name, token] of Object.entries(await personas(world)).filter(([name]) => caller.test(name)))
    for (const { method, path } of byId) {
      const key = `${method} ${path}`;
      const ask = async (some: Things) =>
        (await world.ask(method.toUpperCase(), filled(path, some), { token, ...bodyOf(method, path) })).status;
      const known = await ask(foreign);
      if (known !== 403) continue;
      seen.refused += 1;
      const none = await ask(unknown);
      if (none === 403) continue;
      if (none === 404 && toldToAll.some((each) => each.test(key))) seen.told.add(key);
      else seen.leaks.push(`${name}: ${key} ${known} ${none}`);
    }
  return seen;
}

test('a refused caller gets the same answer for an existing and an unknown id, on every route and in every scope', async (t) => {
  const { refused, leaks, told } = await walk(t, {});
  assert.deepEqual(leaks, []);
  assert.ok(refused > 500, String(refused));
  for (const each of toldToAll)
    assert.ok(
      [...told].some((key) => each.test(key)),
      `${each} is told to nobody: strike it`,
    );
});

test('the same without scope enforcement', async (t) => {
  assert.deepEqual((await walk(t, { enforceScope: false }, /reader/)).leaks, []);
});

test('each route with an id has a rule of its own, or finds the resource and checks the rule first', () => {
  const grants = /\/(users|groups)\/:actorId\/roles(\/:roleId)?(\/inherited_to_projects)?$/; // the rule has three targets
  const bare = byId.filter(
    ({ path, rule, subject }) => typeof rule !== 'string' && subject === undefined && !grants.test(path),
  );
  assert.deepEqual(
    bare.map(({ method, path }) => `${method} ${path}`),
    [],
  );
});
