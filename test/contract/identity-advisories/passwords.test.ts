/** Passwords: hashing, login and change. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openIdentity } from '../../fakes/identity.ts';

test('OSSA-2012-002: a password too long is refused before it is hashed', async (t) => {
  const { logIn } = await openIdentity(t);
  assert.equal((await logIn({ name: 'admin', password: 'x'.repeat(4096) })).status, 401);
  assert.equal((await logIn({ name: 'admin', password: 'x'.repeat(4097) })).status, 400);
  assert.equal((await logIn({ name: 'admin', password: 'x'.repeat(1_000_000) })).status, 413);
});

test('OSSA-2013-015: an empty password, or one of another type, is refused', async (t) => {
  const { ask, logIn } = await openIdentity(t);
  assert.equal((await logIn({ name: 'admin', password: '' })).status, 401);
  for (const password of [null, [], {}, true, 0]) {
    const user = { name: 'admin', domain: { id: 'default' }, password };
    const auth = { identity: { methods: ['password'], password: { user } } };
    assert.equal((await ask('POST', '/auth/tokens', { body: { auth } })).status, 400);
  }
});

test('OSSA-2026-007: enabled must be a boolean', async (t) => {
  const { ask, admin } = await openIdentity(t);
  const token = await admin();
  for (const enabled of ['TRUE', 'false', '0', 0, 512, null, [], {}])
    assert.equal((await ask('POST', '/users', { token, body: { user: { name: 'x', enabled } } })).status, 400);
});

test('OSSA-2021-003: locked, unknown and disabled users and wrong passwords get one answer', async (t) => {
  const world = await openIdentity(t, { lockoutTries: 2 });
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

test('OSSN-0004: changing a password needs the old one, and wrong ones count for the lockout', async (t) => {
  const world = await openIdentity(t, { lockoutTries: 2 });
  const ann = await world.person('ann', ['member']);
  const change = (original: unknown) =>
    world.ask('POST', `/users/${ann.id}/password`, {
      body: { user: { password: 'new', original_password: original } },
    });
  assert.equal((await change(undefined)).status, 400);
  for (const _ of [1, 2]) assert.equal((await change('wrong')).status, 401);
  assert.equal((await world.logIn({ name: 'ann', password: ann.password })).status, 401, 'locked');
});

test('OSSN-0081: passwords are hashed with argon2id and a cost', async () => {
  const text = readFileSync('services/identity/config.ts', 'utf8');
  assert.match(text, /argonKib: number\(7_168/);
  assert.match(text, /argonPasses: number\(5/);
});
