import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIdentity } from '../../../test/fakes/identity.ts';

const path = (epoch: number, wait: number) => `/wattle/token-keys?epoch=${epoch}&since=${epoch}&wait=${wait}`;

test('a waiting request for token keys is answered by the next revocation, and with 304 when there is none', async (t) => {
  const { ask, admin } = await openIdentity(t);
  const [token, doomed] = [await admin(), await admin()];
  const { epoch } = (await ask('GET', '/wattle/token-keys', { token })).body as unknown as { epoch: number };
  assert.equal((await ask('GET', path(epoch, 0), { token })).status, 304);
  const waiting = ask('GET', path(epoch, 60), { token });
  const first = await Promise.race([
    waiting.then(() => 'answered'),
    ask('GET', '/users', { token }).then(() => 'open'),
  ]);
  assert.equal(first, 'open');
  await ask('DELETE', '/auth/tokens', { token, headers: { 'x-subject-token': doomed } });
  const { status, body } = await waiting;
  const changes = body as unknown as { epoch: number; revoked: unknown[] };
  assert.deepEqual([status, changes.epoch, changes.revoked.length], [200, epoch + 1, 1]);
});

test('a wait outside 0 to 60 seconds is refused', async (t) => {
  const { ask, admin } = await openIdentity(t);
  assert.equal((await ask('GET', path(1, 61), { token: await admin() })).status, 400);
});

test('processes of the release before find the same document at the earlier path', async (t) => {
  const { ask, admin } = await openIdentity(t);
  const token = await admin();
  const [now, earlier] = [
    await ask('GET', path(0, 0), { token }),
    await ask('GET', '/wattle/trust?epoch=0&since=0', { token }),
  ];
  assert.deepEqual([earlier.status, earlier.body], [200, now.body]);
});
