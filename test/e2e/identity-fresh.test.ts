/** Cached facts are cleared by every write, and lists end at their limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { many, one, openIdentity } from '../fakes/identity.ts';

test('a token is shown with the current names, roles and catalog after every change', async (t) => {
  const { ask, admin, person } = await openIdentity(t);
  const [token, ann] = [await admin(), await person('ann', ['member'])];
  const shown = async () =>
    one(await ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': ann.token } }), 'token');
  const before = await shown();
  assert.deepEqual([before.user.name, before.project.name], ['ann', 'of-ann']);
  await ask('PATCH', `/users/${ann.id}`, { token, body: { user: { name: 'anna' } } });
  assert.equal((await shown()).user.name, 'anna');
  await ask('PATCH', `/projects/${ann.projectId}`, { token, body: { project: { name: 'blue' } } });
  assert.equal((await shown()).project.name, 'blue');
  await ask('POST', '/services', { token, body: { service: { type: 'dns', name: 'dns' } } });
  const { id } = many(await ask('GET', '/services?type=dns', { token }), 'services')[0] ?? { id: '' };
  const endpoint = { service_id: id, interface: 'public', url: 'http://dns.example.org' };
  await ask('POST', '/endpoints', { token, body: { endpoint } });
  assert.ok((await shown()).catalog.some(({ type }) => type === 'dns'));
  await ask('DELETE', '/auth/tokens', { token, headers: { 'x-subject-token': ann.token } });
  const gone = await ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': ann.token } });
  assert.equal(gone.status, 404);
});

test('a list ends at the limit of the settings or the query, with truncated: true', async (t) => {
  const { ask, admin } = await openIdentity(t, { listLimit: 5 });
  const token = await admin();
  for (const [path, key] of [
    ['/users', 'users'],
    ['/groups', 'groups'],
  ] as const) {
    for (const n of [1, 2, 3]) await ask('POST', path, { token, body: { [key.slice(0, -1)]: { name: `x-${n}` } } });
    const list = async (query: string) => {
      const asked = await ask('GET', `${path}?name__startswith=x-&${query}`, { token });
      return [many(asked, key).length, asked.body.truncated];
    };
    assert.deepEqual(await list(''), [3, undefined]);
    assert.deepEqual(await list('limit=3'), [3, undefined]);
    assert.deepEqual(await list('limit=2'), [2, true]);
    assert.deepEqual(await list('limit=99999999999999999999'), [3, undefined]);
  }
  const all = await ask('GET', '/users?limit=100', { token });
  assert.deepEqual([many(all, 'users').length, all.body.truncated], [5, true], 'no more than the settings allow');
});
