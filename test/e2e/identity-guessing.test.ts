/** Refused logins reveal nothing about names, and cannot block other logins. */
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { test } from 'node:test';
import { type IdentityAnswer, type IdentityWorld, one, openIdentity } from '../fakes/identity.ts';

/** The number of passwords hashed during `work`, and its result. */
async function hashesOf(work: () => Promise<IdentityAnswer>): Promise<{ hashes: number; answer: IdentityAnswer }> {
  let hashes = 0;
  const counting = createHook({
    init: (_id, type) => {
      if (type === 'ARGON2REQUEST') hashes += 1;
    },
  }).enable();
  try {
    const answer = await work();
    return { hashes, answer };
  } finally {
    counting.disable();
  }
}

async function makeUsers({ ask, admin, logIn }: IdentityWorld): Promise<void> {
  const token = await admin();
  for (const user of [
    { name: 'known', password: 'right' },
    { name: 'disabled', password: 'right', enabled: false },
    { name: 'locked', password: 'right' },
    { name: 'passwordless' },
  ])
    one(await ask('POST', '/users', { token, body: { user } }), 'user');
  for (const _ of [1, 2, 3]) await logIn({ name: 'locked', password: 'wrong' });
}

test('a refused login costs one hash and gets the same answer, for known and unknown names', async (t) => {
  const world = await openIdentity(t, { lockoutTries: 3 });
  await makeUsers(world);
  const cases = {
    known: { name: 'known', password: 'wrong' },
    'of nobody': { name: 'nobody', password: 'wrong' },
    'of no domain': { name: 'known', password: 'wrong', domain: 'nowhere' },
    'an id of nobody': { id: 'nobody', password: 'wrong' },
    'of a directory that is none': { id: 'a'.repeat(64), password: 'wrong' },
    disabled: { name: 'disabled', password: 'wrong' },
    'disabled, with the right password': { name: 'disabled', password: 'right' },
    locked: { name: 'locked', password: 'wrong' },
    'locked, with the right password': { name: 'locked', password: 'right' },
    'without a password': { name: 'passwordless', password: 'wrong' },
  };
  const { answer: usual } = await hashesOf(() => world.logIn(cases.known));
  for (const [name, user] of Object.entries(cases)) {
    const { hashes, answer } = await hashesOf(() => world.logIn(user));
    assert.deepEqual([answer.status, answer.body, hashes], [401, usual.body, 1], name);
  }
  const { hashes, answer } = await hashesOf(() => world.logIn({ name: 'known', password: 'right' }));
  assert.deepEqual([answer.status, hashes], [201, 1], 'the right password costs as much');
});

test('the same holds for a refused change of a password', async (t) => {
  const world = await openIdentity(t);
  await makeUsers(world);
  const { id } = one(await world.logIn({ name: 'known', password: 'right' }), 'token').user;
  const body = { user: { original_password: 'wrong', password: 'new' } };
  for (const user of [id, 'nobody']) {
    const { hashes, answer } = await hashesOf(() => world.ask('POST', `/users/${user}/password`, { body }));
    assert.deepEqual([answer.status, hashes], [401, 1], user);
  }
});

test('logins beyond the queue limit get 503 with Retry-After, and the others succeed', async (t) => {
  const world = await openIdentity(t, { argonKib: 19_456, argonPasses: 2, hashesAtOnce: 1 });
  const scope = { project: { name: 'admin', domain: { id: 'default' } } };
  const logIn = () => world.logIn({ name: 'admin', password: 'admin-password' }, scope);
  const answers = await Promise.all(Array.from({ length: 30 }, logIn));
  const refused = answers.filter(({ status }) => status !== 201);
  assert.ok(refused.length > 0 && refused.length <= 30 - 9, `${refused.length} were refused`);
  for (const { status, body, headers } of refused) {
    assert.deepEqual([status, headers.get('retry-after')], [503, '1']);
    assert.match(one({ status, body } as IdentityAnswer, 'error').message, /try again in a second/);
  }
  assert.equal((await logIn()).status, 201, 'later there is room again');
});
