/** Tokens and their lifetime. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { many, one, openIdentity, type Person } from '../../fakes/identity.ts';
import { isGood, rescope } from './world.ts';

test('OSSA-2012-010, OSSA-2012-019, OSSA-2016-008: exchanged tokens expire with the first and share its audit chain id', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  let token = ann.token;
  const first = one(await world.ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': token } }), 'token');
  for (let count = 0; count < 6; count += 1) {
    const next = await rescope(world, token, { project: { id: ann.projectId } });
    assert.equal(one(next, 'token').expires_at, first.expires_at);
    assert.equal(one(next, 'token').audit_ids[1], first.audit_ids[0], 'the chain keeps its name');
    token = next.token;
  }
});

test('OSSA-2014-007: concurrent requests of several users are not mixed up', async (t) => {
  const world = await openIdentity(t);
  const people: Person[] = [];
  for (const name of ['ann', 'bob', 'cid', 'dan', 'eve']) people.push(await world.person(name, ['member']));
  const asks = Array.from({ length: 200 }, (_, at) => people[at % people.length] ?? people[0]).map(async (person) => {
    const token = person?.token ?? '';
    const answer = await world.ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': token } });
    assert.equal(one(answer, 'token').user.id, person?.id);
    const projects = many(await world.ask('GET', '/auth/projects', { token }), 'projects');
    assert.deepEqual([projects.length, projects[0]?.id], [1, person?.projectId]);
  });
  await Promise.all(asks);
});

test('OSSA-2014-013: a method named a thousand times is evaluated once', async (t) => {
  const { ask } = await openIdentity(t);
  const user = { name: 'admin', domain: { id: 'default' }, password: 'admin-password' };
  const identity = { methods: Array.from({ length: 1000 }, () => 'password'), password: { user } };
  const began = performance.now();
  const answer = await ask('POST', '/auth/tokens', { body: { auth: { identity } } });
  assert.deepEqual(one(answer, 'token').methods, ['password']);
  assert.ok(performance.now() - began < 5_000);
});

test('OSSA-2016-005, OSSN-0062: another encoding of a token is refused', async (t) => {
  const world = await openIdentity(t);
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

test('OSSN-0042, FIX-KS-SYSRESCOPE: with allowRescope off a scoped token cannot be exchanged', async (t) => {
  const world = await openIdentity(t, { allowRescope: false });
  const ann = await world.person('ann', ['member']);
  for (const scope of [{ project: { id: ann.projectId } }, { system: { all: true } }, { domain: { id: 'default' } }])
    assert.equal((await rescope(world, ann.token, scope)).status, 403);
  assert.equal((await rescope(world, await world.admin(), { system: { all: true } })).status, 403);
});

test('OSSN-0064: there is no admin token', async (t) => {
  const { ask } = await openIdentity(t);
  for (const token of ['ADMIN', 'admin', ' ', 'a.b.c', 'null'])
    assert.equal((await ask('GET', '/users', { token })).status, 401);
});
