/** Validation of tokens: caller, headers and answer. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { one, openIdentity } from '../../fakes/identity.ts';

async function open(t: TestContext) {
  const world = await openIdentity(t);
  const ann = await world.person('ann', ['member']);
  const look = (method: string, subject: string, token: string, headers: Record<string, string> = {}, query = '') =>
    world.ask(method, `/auth/tokens${query}`, { token, headers: { 'x-subject-token': subject, ...headers } });
  return { world, ann, admin: await world.admin(), look };
}

test('the token of the caller and the subject token have their own headers', async (t) => {
  const { world, ann, admin, look } = await open(t);
  const bob = await world.person('bob', ['member']);
  assert.equal(one(await look('GET', ann.token, admin), 'token').user.id, ann.id);
  assert.equal((await look('GET', ann.token, ann.token)).status, 200, 'one may look at oneself');
  assert.equal((await look('GET', ann.token, bob.token)).status, 403);
  assert.equal((await look('GET', admin, ann.token)).status, 403);
  assert.equal((await world.ask('GET', '/auth/tokens', { token: ann.token })).status, 400);
  assert.equal((await world.ask('GET', '/auth/tokens', { headers: { 'x-subject-token': ann.token } })).status, 401);
  assert.equal((await look('GET', 'garbage', admin)).status, 404);
  assert.equal((await look('DELETE', ann.token, bob.token)).status, 403);
  assert.equal((await look('GET', ann.token, ann.token)).status, 200, 'and nothing was revoked');
});

test('HEAD answers as GET, without the body', async (t) => {
  const { ann, admin, look } = await open(t);
  const cases: [string, string][] = [
    [ann.token, admin],
    [ann.token, 'garbage'],
    ['garbage', admin],
    [admin, ann.token],
  ];
  for (const [subject, token] of cases) {
    const [head, get] = [await look('HEAD', subject, token), await look('GET', subject, token)];
    assert.equal(head.status, get.status);
    assert.equal(String(head.body.text), '');
    for (const name of ['vary', 'x-subject-token', 'www-authenticate'])
      assert.equal(head.headers.get(name), get.headers.get(name), name);
  }
});

test('every answer has Vary: X-Auth-Token', async (t) => {
  const { world, ann } = await open(t);
  for (const path of ['/auth/tokens', '/users', '/nowhere', '/auth/catalog', '']) {
    const { headers } = await world.ask('GET', path, { token: ann.token });
    assert.match(headers.get('vary') ?? '', /X-Auth-Token/i, path);
  }
});

test('a token is read from its header only, once', async (t) => {
  const { world, ann, admin } = await open(t);
  const cookie = `X-Auth-Token=${ann.token}; token=${ann.token}`;
  const headers = { cookie, authorization: `Bearer ${ann.token}` };
  for (const query of ['', `?token=${ann.token}`, `?X-Auth-Token=${ann.token}`, `?auth_token=${ann.token}`])
    assert.equal((await world.ask('GET', `/auth/projects${query}`, { headers })).status, 401, query);
  const twice = `${ann.token}, ${admin}`;
  assert.equal((await world.ask('GET', '/auth/projects', { token: twice })).status, 401, 'two are none');
});

test('a header that is too large is refused, and the next request is served', async (t) => {
  const { world, ann } = await open(t);
  assert.equal((await world.ask('GET', '/auth/projects', { token: 'x'.repeat(100_000) })).status, 431);
  assert.equal((await world.ask('GET', '/auth/projects', { token: ann.token })).status, 200);
});
