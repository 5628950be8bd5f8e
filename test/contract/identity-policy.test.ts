/** Every route, called by every persona on own and foreign resources: exactly what the rules allow. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { routes } from '../../services/identity/routes.ts';
import { many, one, openIdentity } from '../fakes/identity.ts';
import { exampleOf } from './example.ts';
import { policyFile, rulesOfRoutes } from './rules/walk.ts';
import { apis } from './services.ts';

/** Routes without a token: logins, signed requests, removed APIs. */
const open = new Set([
  'get /',
  'get /v3',
  'post /v3/auth/tokens',
  'post /v3/users/:id/password',
  'post /v3/OS-OAUTH1/request_token',
  'post /v3/OS-OAUTH1/access_token',
  'post /v3/OS-OAUTH2/token',
  'post /v3/auth/OS-FEDERATION/saml2',
  'post /v3/auth/OS-FEDERATION/saml2/ecp',
  'get /v3/OS-FEDERATION/saml2/metadata',
  'get /v3/auth/tokens/OS-PKI/revoked',
  'get /v3/OS-SIMPLE-CERT/ca',
  'get /v3/OS-SIMPLE-CERT/certificates',
]);

/** Routes for any token, about the caller or without a target. */
const forAll = [
  /^get \/v3\/auth\/(catalog|projects|domains|system)$/,
  /^get \/v3\/regions/,
  /^get \/v3\/(registered_limits|limits\/model|limits$)/,
  /^get \/v3\/domains\/:id\/config\/security_compliance/,
  /^(get|post) \/v3\/credentials$/,
  /^get \/v3\/OS-FEDERATION\/(projects|domains)$/,
];

/** Managers may show the roles that they may grant. */
const forManagers = /^get \/v3\/roles\/:id$/;

/** Routes that owners may use. */
const own = [
  /^(get|post|delete) \/v3\/users\/:id\/(application_credentials|access_rules|credentials)/,
  /^get \/v3\/users\/:id(\/(groups|projects))?$/,
  /^get \/v3\/projects\/:id(\/tags(\/:tag)?)?$/,
  /^get \/v3\/domains\/:id$/,
  /^(get|head|delete) \/v3\/auth\/tokens$/,
  /^(get|post|delete) \/v3\/OS-TRUST\/trusts/,
  /^(get|post|patch|delete) \/v3\/credentials/,
  /^get \/v3\/limits\/:id$/,
];

/** Rules that need the owner, a service, an administrator or an existing target. */
const ownerOnly =
  /OS-TRUST|application_cred|access_rules|wattle\/|security_compliance\/:option|OS-OAUTH1\/a|OS-REVOKE|^\/v3\/credentials$/;

interface Persona {
  readonly token: string;
  readonly userId: string;
  readonly projectId: string;
}

async function cast(t: TestContext) {
  const world = await openIdentity(t);
  const admin = await world.admin();
  const personas: Record<string, Persona> = {};
  for (const role of ['manager', 'member', 'reader']) {
    const { token, id, projectId } = await world.person(`a-${role}`, [role]);
    personas[role] = { token, userId: id, projectId };
  }
  const outsider = await world.person('outsider', ['member']);
  const role = many(await world.ask('GET', '/roles?name=reader', { token: admin }), 'roles')[0]?.id ?? '';
  const domain = one(
    await world.ask('POST', '/domains', { token: admin, body: { domain: { name: 'other' } } }),
    'domain',
  );
  return { world, admin, personas, outsider, role, domain };
}

const document = apis.find(({ name }) => name === 'identity')?.document;

/** A valid body, so that only a rule can refuse. */
function bodyFor(method: string, path: string): { body?: unknown } {
  const schema = document?.operation(method, path)?.requestBody?.content?.['application/json']?.schema;
  if (schema === undefined) return {};
  const example = exampleOf(schema) as Record<string, unknown>;
  if (method !== 'patch') return { body: example };
  const filled = Object.entries(example).map(([key, value]) => [key, { name: 'x', ...(value as object) }]);
  return { body: Object.fromEntries(filled) };
}

/** A path with resources of a user in place of its parameters. */
const filled = (path: string, { userId, projectId }: Persona, { role, domain }: { role: string; domain: string }) =>
  path.replace(/^\/v3/, '').replace(/:(\w+)/g, (_match, name: string, at: number) => {
    const before = path.slice(0, at + 3).match(/([\w-]+)\/$/)?.[1];
    if (name === 'roleId' || before === 'roles') return role;
    if (before === 'users' || name === 'userId') return userId;
    if (before === 'projects' || name === 'projectId') return projectId;
    if (before === 'domains') return domain;
    return 'nothing-of-that-name';
  });

test('OSSA-2012-015: without a token, with an invalid and with an expired one every route that needs a token is 401', async (t) => {
  const { world, outsider, role, domain } = await cast(t);
  const dead = outsider.token;
  await world.ask('DELETE', '/auth/tokens', { token: dead, headers: { 'x-subject-token': dead } });
  const let_in: string[] = [];
  for (const { method, path } of routes) {
    if (open.has(`${method} ${path}`)) continue;
    const url = filled(
      path,
      { token: '', userId: outsider.id, projectId: outsider.projectId },
      { role, domain: domain.id },
    );
    for (const token of ['', 'garbage', dead]) {
      const { status } = await world.ask(method.toUpperCase(), url, { token });
      if (status !== 401) let_in.push(`${method} ${path} ${status}`);
    }
  }
  assert.deepEqual(let_in, []);
});

test('manager, member and reader of a project cannot change resources of others', async (t) => {
  const { world, personas, outsider, role, domain } = await cast(t);
  const foreign = { token: '', userId: outsider.id, projectId: outsider.projectId };
  const wrong: string[] = [];
  for (const [name, { token }] of Object.entries(personas))
    for (const { method, path } of routes) {
      const key = `${method} ${path}`;
      if (open.has(key) || forAll.some((each) => each.test(key)) || (name === 'manager' && forManagers.test(key)))
        continue;
      const url = filled(path, foreign, { role, domain: domain.id });
      const { status } = await world.ask(method.toUpperCase(), url, { token, ...bodyFor(method, path) });
      if (status < 400) wrong.push(`${name}: ${key} ${status}`);
    }
  assert.deepEqual(wrong, []);
});

test('only administrators write, except to resources of their own', async (t) => {
  const { world, personas, role, domain } = await cast(t);
  const wrong: string[] = [];
  for (const [name, persona] of Object.entries(personas))
    for (const { method, path } of routes) {
      const key = `${method} ${path}`;
      if (open.has(key) || [...forAll, ...own, forManagers].some((each) => each.test(key))) continue;
      const url = filled(path, persona, { role, domain: domain.id });
      const { status } = await world.ask(method.toUpperCase(), url, { token: persona.token, ...bodyFor(method, path) });
      if (![401, 403, 404].includes(status)) wrong.push(`${name}: ${key} ${status}`);
    }
  assert.deepEqual(wrong, []);
});

test('an administrator passes every rule, a system reader all but those of writes', async (t) => {
  const { world, admin, outsider, role, domain } = await cast(t);
  const some = { token: '', userId: outsider.id, projectId: outsider.projectId };
  const nova = await world.person('watcher', []);
  await world.ask('PUT', `/system/users/${nova.id}/roles/${role}`, { token: admin });
  const system = (await world.logIn({ id: nova.id, password: nova.password }, { system: { all: true } })).token;
  const wrong: string[] = [];
  for (const { method, path } of routes) {
    const key = `${method} ${path}`;
    if (open.has(key) || method === 'delete' || ownerOnly.test(path)) continue;
    const url = filled(path, some, { role, domain: domain.id });
    const headers = { 'x-subject-token': admin };
    if (method === 'get') {
      const asked = await world.ask('GET', url, { token: system, headers });
      if (asked.status === 403) wrong.push(`system reader: ${key}`);
      const ours = await world.ask('GET', url, { token: admin, headers });
      if (ours.status === 403) wrong.push(`admin: ${key}`);
    } else {
      const { status } = await world.ask(method.toUpperCase(), url, { token: system, ...bodyFor(method, path) });
      if (status < 400) wrong.push(`system reader: ${key} ${status}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every route asks one of the rules that it names: with all of them forbidden an administrator may do nothing', async (t) => {
  const api = apis.find(({ name }) => name === 'identity') ?? assert.fail();
  const closed = Object.fromEntries(rulesOfRoutes(api).map((rule) => [rule, '!']));
  const world = await openIdentity(t, { policyFile: policyFile(t, closed) });
  const admin = await world.admin();
  const open: string[] = [];
  for (const { method, path, rule } of routes) {
    if (rule === undefined) continue;
    const url = filled(path, { token: '', userId: 'u', projectId: 'p' }, { role: 'r', domain: 'default' });
    const headers = { 'x-subject-token': admin };
    const { status } = await world.ask(method.toUpperCase(), url, { token: admin, headers, ...bodyFor(method, path) });
    if (![403, 404].includes(status)) open.push(`${method} ${path} ${status}`);
  }
  // each credential is asked for by itself, so that its list is empty
  assert.deepEqual(open, ['get /v3/credentials 200']);
});
