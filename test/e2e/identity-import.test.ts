import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { settingsOf } from '#shared/config/settings.ts';
import { openUserImport } from '../../services/identity/users/import.ts';
import { type IdentityWorld, many, one, openIdentity } from '../fakes/identity.ts';

const password = 'correct horse';
/** A hash of that password, at the lowest cost. */
const hash = '$2b$04$h16WL7B0fBGLuDZT62ziretVeg.xRz9Of0KL8c7ACU9/Ng0kUEUkK';
const ann = { id: 'a1', name: 'ann', domain: 'Default', hash, email: 'ann@example.org', default_project: 'admin' };
const bob = { name: 'bob', domain: 'default', hash, enabled: false };

async function open(t: TestContext) {
  const world = await openIdentity(t);
  const users = openUserImport(settingsOf({ cloud: { var: world.home } }));
  t.after(() => users.close());
  const importing = async (...rows: object[]) => {
    const plan = await users.plan(rows.map((row) => JSON.stringify(row)).join('\n'));
    if (plan.problems.length === 0) await users.run(plan);
    return {
      made: plan.fresh.map(({ name }) => name),
      kept: plan.known.map(({ name }) => name),
      problems: plan.problems,
    };
  };
  return { world, importing };
}

const namesOf = async ({ ask, admin }: IdentityWorld) =>
  many(await ask('GET', '/users', { token: await admin() }), 'users').map(({ name }) => name);

test('imported users log in with their passwords and keep their ids', async (t) => {
  const { world, importing } = await open(t);
  assert.deepEqual(await importing(ann, bob), { made: ['ann', 'bob'], kept: [], problems: [] });
  assert.equal((await world.logIn({ name: 'ann', password: 'wrong' })).status, 401);
  const login = one(await world.logIn({ name: 'ann', password }), 'token');
  assert.equal(login.user.id, 'a1');
  assert.equal(
    (await world.logIn({ name: 'ann', password })).status,
    201,
    'also by the hash that the first login made',
  );
  assert.equal((await world.logIn({ name: 'bob', password })).status, 401, 'who was disabled stays so');
  const user = one(await world.ask('GET', '/users/a1', { token: await world.admin() }), 'user');
  assert.equal(user.email, 'ann@example.org');
});

test('existing users are left unchanged, so an import can be repeated', async (t) => {
  const { world, importing } = await open(t);
  await importing(ann);
  const change = { user: { password: 'another', original_password: password } };
  assert.equal((await world.ask('POST', '/users/a1/password', { body: change })).status, 204);
  assert.deepEqual(await importing(ann, bob, { ...ann, id: 'other', name: 'admin' }), {
    made: ['bob'],
    kept: ['ann', 'admin'],
    problems: [],
  });
  assert.equal((await world.logIn({ name: 'ann', password: 'another' })).status, 201);
});

test('with one invalid row nothing is imported', async (t) => {
  const { world, importing } = await open(t);
  const before = await namesOf(world);
  const { problems } = await importing(
    ann,
    { ...bob, domain: 'nowhere' },
    { ...bob, hash: hash.replace('$04$', '$31$') },
    { ...bob, name: 'carl', default_project: 'nothing' },
    { ...ann, name: 'ann2' },
    bob,
    { ...bob, name: 'Bob', domain: 'Default' },
    { ...bob, name: 'dora', id: 'a'.repeat(64) },
  );
  assert.deepEqual(problems, [
    'line 2: there is no domain nowhere: create it first',
    'line 3: hash is not bcrypt (cost 4 to 14), bcrypt-sha256, scrypt or pbkdf2-sha512, or costs too much',
    'line 4: there is no project nothing: create it first, or leave it out',
    'line 5: is the same user as line 1',
    'line 7: is the same user as line 6',
    `line 8: id ${'a'.repeat(64)} has the form of the id of an LDAP user`,
  ]);
  assert.deepEqual(await namesOf(world), before);
});
