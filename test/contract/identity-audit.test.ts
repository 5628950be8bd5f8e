/** Audit events of every route that writes and of every login, on the bus and in the file. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { auditName } from '../../services/identity/audit/names.ts';
import { routes } from '../../services/identity/routes.ts';
import { until } from '../e2e/story/cloud.ts';
import { many, one, openIdentity } from '../fakes/identity.ts';

interface Event {
  readonly id: string;
  readonly detail?: string;
  readonly unrecorded?: number;
  readonly reason?: { readonly reasonCode: string };
  readonly action: string;
  readonly outcome: string;
  readonly initiator: { readonly id: string; readonly said?: { readonly name?: string } };
  readonly target: { readonly id: string };
}

/** Records events of the bus; with `isAway` the bus refuses them. */
async function open(t: TestContext) {
  const received: { topic: string; event: Event }[] = [];
  const state = { isAway: false, refused: 0 };
  const bus = {
    ...memoryBus(),
    publish: async (topic: string, event: unknown) => {
      if (state.isAway) {
        state.refused += 1;
        throw new Error('the broker is away');
      }
      received.push({ topic, event: event as Event });
    },
  };
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  const file = join(folder, 'audit.log');
  const world = await openIdentity(t, { auditFile: file }, { bus });
  t.after(() => rmSync(folder, { recursive: true }));
  return { world, received, state, file };
}

test("every route that writes has the name of Keystone's notification", () => {
  const writes = routes.filter(({ method }) => !['get', 'head'].includes(method));
  const names = new Set(
    writes.map(({ method, path }) => {
      const { resource, operation } = auditName(method, path) ?? {};
      return `${resource}.${operation}`;
    }),
  );
  const kinds = 'user group project domain role region service endpoint policy credential'.split(' ');
  for (const kind of kinds)
    for (const operation of ['created', 'updated', 'deleted']) assert.ok(names.has(`${kind}.${operation}`), kind);
  for (const name of ['group.added', 'group.removed', 'role_assignment.created', 'role_assignment.deleted'])
    assert.ok(names.has(name), name);
  for (const name of ['OS-TRUST:trust.created', 'OS-OAUTH1:consumer.deleted', 'application_credential.created'])
    assert.ok(names.has(name), name);
  for (const name of names) assert.match(name, /^[A-Za-z\d:_-]+\.(created|updated|deleted|added|removed)$/);
});

test('writes with their outcome, and failed logins, are events on the bus and in the file', async (t) => {
  const { world, received, file } = await open(t);
  const ann = await world.person('ann', ['member']);
  const token = await world.admin();
  const group = one(await world.ask('POST', '/groups', { token, body: { group: { name: 'g' } } }), 'group');
  await world.ask('PUT', `/groups/${group.id}/users/${ann.id}`, { token });
  await world.ask('DELETE', `/groups/${group.id}/users/${ann.id}`, { token });
  await world.ask('POST', `/users/${ann.id}/password`, {
    body: { user: { password: 'b', original_password: ann.password } },
  });
  await world.logIn({ name: 'ann', password: 'wrong' });
  await world.ask('DELETE', `/users/${ann.id}`, { token: (await world.logIn({ id: ann.id, password: 'b' })).token });
  await world.ask('DELETE', `/users/${ann.id}`, { token });
  const isThere = (topic: string, test: (event: Event) => boolean) =>
    received.some((each) => each.topic === topic && test(each.event));
  await until(
    'the last is received',
    async () => isThere('identity.user.deleted', (e) => e.outcome === 'success'),
    15_000,
  );
  const about = (id: string, outcome: string) => (event: Event) => event.target.id === id && event.outcome === outcome;
  assert.ok(isThere('identity.user.created', about(ann.id, 'success')));
  assert.ok(isThere('identity.group.added', about(ann.id, 'success')));
  assert.ok(isThere('identity.group.removed', about(ann.id, 'success')));
  assert.ok(isThere('identity.user.updated', about(ann.id, 'success')));
  assert.ok(isThere('identity.user.deleted', (e) => e.outcome === 'failure' && e.initiator.id === ann.id));
  assert.ok(isThere('identity.role_assignment.created', (e) => e.outcome === 'success'));
  const failed = received.filter(
    ({ topic, event }) => topic === 'identity.authenticate' && event.outcome === 'failure',
  );
  assert.deepEqual(
    failed.map(({ event }) => event.initiator.said?.name),
    ['ann'],
  );
  const written = readFileSync(file, 'utf8').trim().split('\n');
  assert.deepEqual(
    written.map((line) => (JSON.parse(line) as Event).id),
    received.map(({ event }) => event.id),
  );
});

test('while the bus is unreachable events are kept, and the file has each once', async (t) => {
  const { world, received, state, file } = await open(t);
  state.isAway = true;
  const token = await world.admin();
  const before = many(await world.ask('GET', '/groups', { token }), 'groups').length;
  for (const name of ['a', 'b', 'c']) await world.ask('POST', '/groups', { token, body: { group: { name } } });
  await until('the bus has refused three times', async () => state.refused >= 3, 20_000);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  assert.equal(lines.length, 1, 'the first, and not three times');
  await world.ask('POST', '/groups', { token, body: { group: { name: 'd' } } });
  await world.restart();
  state.isAway = false;
  await until(
    'all are received',
    async () => received.filter((e) => e.topic === 'identity.group.created').length === 4,
    15_000,
  );
  assert.equal(many(await world.ask('GET', '/groups', { token }), 'groups').length, before + 4);
});

const refusals = (received: readonly { topic: string; event: Event }[], user: string) =>
  received
    .filter(({ event }) => event.outcome === 'failure' && event.initiator.id === user)
    .map(({ topic, event }) => `${topic} ${event.reason?.reasonCode}`);

test('refusals by a rule or for a revoked token are events: writes, reads and lists', async (t) => {
  const { world, received } = await open(t);
  const [ann, bob] = [await world.person('ann', ['member']), await world.person('bob', ['member'])];
  const token = ann.token;
  const domain = { domain: { name: 'mine' } };
  await world.ask('POST', '/domains', { token, body: domain });
  await world.ask('PATCH', `/projects/${bob.projectId}`, { token, body: { project: {} } });
  await world.ask('GET', `/users/${bob.id}`, { token });
  await world.ask('GET', '/users', { token });
  await world.ask('GET', '/users', { token: 'nonsense' });
  await world.ask('DELETE', '/auth/tokens', { token, headers: { 'x-subject-token': token } });
  await world.ask('GET', `/users/${ann.id}`, { token });
  await until('all are received', async () => refusals(received, ann.id).length >= 5, 15_000);
  assert.deepEqual(refusals(received, ann.id).toSorted(), [
    'identity.domain.created 403',
    'identity.project.updated 403',
    'identity.token.rejected 401',
    'identity.user.read 403',
    'identity.user.read 403',
  ]);
});

test('the reason of a refused login is in the audit event only', async (t) => {
  const { world, received } = await open(t);
  const ann = await world.person('ann', ['member']);
  const token = await world.admin();
  const wrong = await world.logIn({ name: 'ann', password: 'wrong' });
  await world.ask('PATCH', `/users/${ann.id}`, { token, body: { user: { enabled: false } } });
  const disabled = await world.logIn({ name: 'ann', password: ann.password });
  const unknown = await world.logIn({ name: 'unknown', password: 'x' });
  for (const each of [disabled, unknown]) assert.deepEqual(each.body, wrong.body);
  const details = () => received.flatMap(({ event }) => event.detail ?? []);
  await until('all are received', async () => details().length === 3, 15_000);
  assert.deepEqual(details().toSorted(), ['disabled', 'unknown', 'wrong']);
});

test('refusals beyond sixty in a minute are counted in the next event', async (t) => {
  const { world, received } = await open(t);
  const ann = await world.person('ann', ['member']);
  for (let count = 0; count < 70; count += 1) await world.ask('GET', '/users', { token: ann.token });
  await until('sixty are received', async () => refusals(received, ann.id).length >= 60, 15_000);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
  await world.ask('GET', '/users', { token: ann.token });
  t.mock.timers.reset();
  await until('the next is received', async () => received.some(({ event }) => event.unrecorded === 10), 15_000);
  assert.equal(refusals(received, ann.id).length, 61);
});
