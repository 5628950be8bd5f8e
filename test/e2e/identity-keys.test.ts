import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsOf } from '#shared/config/settings.ts';
import { openKeyRing } from '../../services/identity/keys/operations.ts';
import { one, openIdentity } from '../fakes/identity.ts';
import { until } from './story/cloud.ts';

const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

test('tokens stay valid after rotations of the keys, and new ones are signed by the new key', async (t) => {
  const world = await openIdentity(t);
  const before = await world.admin();
  const ring = openKeyRing(settingsOf({ cloud: { var: world.home } }));
  t.after(() => ring.close());
  const works = async (token: string) => (await world.ask('GET', '/auth/projects', { token })).status === 200;
  for (const _ of [1, 2, 3]) {
    const old = kidOf(await world.admin());
    await ring.rotateTokens();
    await until('a new key signs', async () => kidOf(await world.admin()) !== old, 10_000);
    assert.ok(await works(before), 'the first token is still good');
  }
  const states = (await ring.list()).map(({ state }) => state);
  assert.deepEqual(
    states.toSorted((a, b) => (a < b ? -1 : 1)),
    ['active', 'retired', 'retired', 'retired', 'staged'],
  );
});

test('a credential can be decrypted after a key rotation, by the running service and after a restart', async (t) => {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  const body = { credential: { type: 'cert', blob: 'the secret' } };
  const { id } = one(await world.ask('POST', '/credentials', { token: ann.token, body }), 'credential');
  const ring = openKeyRing(settingsOf({ cloud: { var: world.home } }));
  assert.equal(await ring.rotateCredentials(), 1);
  await ring.close();
  const blob = async () => one(await world.ask('GET', `/credentials/${id}`, { token: ann.token }), 'credential').blob;
  assert.equal(await blob(), 'the secret');
  await world.restart();
  assert.equal(await blob(), 'the secret');
});
