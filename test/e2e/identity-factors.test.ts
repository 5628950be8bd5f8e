import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase32, passcodeAt } from '../../services/identity/tokens/by-totp.ts';
import { one, openIdentity } from '../fakes/identity.ts';

const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

test('passcodes are those of RFC 6238', () => {
  assert.equal(passcodeAt(fromBase32(seed), 1), '287082');
  assert.equal(passcodeAt(fromBase32(seed), 37037036), '081804');
});

test('with two required methods the first gives a receipt, and both a token', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const ann = await world.person('ann', ['member']);
  const options = { multi_factor_auth_enabled: true, multi_factor_auth_rules: [['password', 'totp']] };
  await world.ask('PATCH', `/users/${ann.id}`, { token, body: { user: { options } } });
  await world.ask('POST', '/credentials', {
    token,
    body: { credential: { type: 'totp', blob: seed, user_id: ann.id } },
  });
  const first = await world.logIn({ id: ann.id, password: ann.password }, { project: { id: ann.projectId } });
  assert.equal(first.status, 401);
  assert.deepEqual(first.body.required_auth_methods, [['password', 'totp']]);
  assert.deepEqual(one(first, 'receipt').methods, ['password']);
  const receipt = first.headers.get('openstack-auth-receipt') ?? '';
  const passcode = passcodeAt(fromBase32(seed), Math.floor(Date.now() / 30_000));
  const second = (headers: Record<string, string>) =>
    world.ask('POST', '/auth/tokens', {
      headers,
      body: {
        auth: {
          identity: { methods: ['totp'], totp: { user: { id: ann.id, passcode } } },
          scope: { project: { id: ann.projectId } },
        },
      },
    });
  assert.equal((await second({ 'openstack-auth-receipt': `${receipt}x` })).status, 401, 'a touched receipt');
  const whole = await second({ 'openstack-auth-receipt': receipt });
  assert.equal(whole.status, 201);
  assert.deepEqual(
    [...one(whole, 'token').methods].toSorted((a, b) => (a < b ? -1 : 1)),
    ['password', 'totp'],
  );
  assert.equal((await second({ 'openstack-auth-receipt': receipt })).status, 401, 'a passcode counts once');
});

test('passwords: the regular expression, the history, and the change upon first use', async (t) => {
  const world = await openIdentity(t, {
    passwordRegex: '^.{6,}$',
    passwordRegexDescription: 'six letters',
    passwordsRemembered: 2,
    changeUponFirstUse: true,
    passwordExpiresDays: 1,
  });
  const admin = await world.logIn(
    { name: 'admin', password: 'admin-password' },
    { project: { name: 'admin', domain: { id: 'default' } } },
  );
  const make = (password: string) =>
    world.ask('POST', '/users', { token: admin.token, body: { user: { name: 'ann', password } } });
  const refused = await make('short');
  assert.equal(refused.status, 400);
  assert.match(one(refused, 'error').message, /six letters/);
  const user = one(await make('first-one'), 'user');
  assert.equal(typeof user.password_expires_at, 'string');
  const early = await world.logIn({ id: user.id, password: 'first-one' });
  assert.match(one(early, 'error').message, /needs to be changed/);
  const change = (from: string, to: string) =>
    world.ask('POST', `/users/${user.id}/password`, { body: { user: { original_password: from, password: to } } });
  assert.equal((await change('first-one', 'second-one')).status, 204);
  assert.equal((await world.logIn({ id: user.id, password: 'second-one' })).status, 201);
  assert.equal((await change('second-one', 'first-one')).status, 400, 'it was used before');
  assert.equal((await change('second-one', 'third-one')).status, 204);
});
