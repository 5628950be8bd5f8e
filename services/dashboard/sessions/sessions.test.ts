/** Sessions, on a real identity: what a browser gets, and when it is worth nothing. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { freePort } from '../../../test/fakes/free-port.ts';
import { openIdentity, pointCatalogHere } from '../../../test/fakes/identity.ts';
import { start } from '../service.ts';

async function opened(t: TestContext, publicUrl = '') {
  const identity = await openIdentity(t);
  await pointCatalogHere(identity);
  const port = await freePort();
  const settings = settingsOf({
    cloud: { var: identity.home, identityUrl: `${identity.url}/v3` },
    dashboard: { listen: String(port), publicUrl },
  });
  const service = await start({ settings, log: silentLog(), bus: memoryBus() });
  t.after(service.close);
  const url = `http://127.0.0.1:${port}`;
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: object) =>
    fetch(url + path, {
      method,
      redirect: 'manual',
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const logIn = async (headers: Record<string, string> = {}, more: object = {}) => {
    const answer = await ask('POST', '/api/session', headers, { user: 'admin', password: 'admin-password', ...more });
    const [setCookie = ''] = answer.headers.getSetCookie();
    const { session } = (await answer.json()) as { session?: { csrf: string } };
    const cookie = setCookie.split(';')[0] ?? '';
    return { status: answer.status, setCookie, cookie, csrf: session?.csrf ?? '' };
  };
  const rows = async () => {
    const db = openDatabase(`sqlite:${identity.home}/db/dashboard.sqlite`);
    const found = (await db('sessions')) as Record<string, string>[];
    await db.destroy();
    return found;
  };
  return { identity, ask, logIn, rows };
}

const userIn = async (answer: Response) =>
  ((await answer.json()) as { session: { user: string } | null }).session?.user;

test('OSSA-2012-006, OSSN-0017: a login makes a new session, whatever cookie came, and a logout makes it worthless', async (t) => {
  const { ask, logIn } = await opened(t);
  const planted = 'wattle_session=planted';
  const { cookie, csrf } = await logIn({ cookie: planted });
  assert.notEqual(cookie, planted);
  assert.equal(await userIn(await ask('GET', '/api/session', { cookie: planted })), undefined);
  assert.equal(await userIn(await ask('GET', '/api/session', { cookie })), 'admin');
  const again = await logIn({ cookie });
  assert.notEqual(again.cookie, cookie);
  const out = await ask('DELETE', '/api/session', { cookie, 'x-csrf-token': csrf });
  assert.equal(out.status, 204);
  assert.match(out.headers.getSetCookie()[0] ?? '', /^wattle_session=; .*Max-Age=0/);
  assert.equal((await ask('GET', '/api/machines', { cookie })).status, 401);
  assert.equal(await userIn(await ask('GET', '/api/session', { cookie })), undefined);
  assert.equal(await userIn(await ask('GET', '/api/session', { cookie: again.cookie })), 'admin');
});

test('OSSA-2014-040, OSSA-2026-009: pages and refused logins store no session, whatever the query', async (t) => {
  const { ask, logIn, rows } = await opened(t);
  for (const path of ['/', '/?next=//evil.example', '/api/session?next=https://evil.example', '/page/app.ts?next=/x'])
    for (let count = 0; count < 50; count += 1) {
      const answer = await ask('GET', path);
      assert.equal(answer.headers.get('set-cookie'), null);
      assert.equal(answer.headers.get('location'), null);
      await answer.arrayBuffer();
    }
  assert.equal((await logIn({}, { password: 'wrong' })).status, 401);
  assert.equal((await logIn({}, { domain: 'None' })).status, 401);
  assert.deepEqual(await rows(), []);
});

test('OSSN-0035, OSSN-0036: behind TLS the cookie is for this host and TLS alone, and browsers stay with TLS', async (t) => {
  const { ask, logIn } = await opened(t, 'https://cloud.example:8090');
  const { setCookie, cookie } = await logIn();
  assert.match(setCookie, /^__Host-wattle_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/);
  const answer = await ask('GET', '/api/session', { cookie });
  assert.equal(await userIn(answer), 'admin');
  assert.match(answer.headers.get('strict-transport-security') ?? '', /max-age=/);
  const plain = cookie.replace('__Host-', '');
  assert.equal(await userIn(await ask('GET', '/api/session', { cookie: plain })), undefined);
});

test('OSSN-0073: neither the cookie nor the rows nor an answer has the token or a URL of a service', async (t) => {
  const { ask, logIn, rows } = await opened(t);
  const { cookie, setCookie } = await logIn();
  const shown = await (await ask('GET', '/api/session', { cookie })).text();
  const [row] = await rows();
  const id = cookie.split('=')[1] ?? 'none';
  for (const text of [setCookie, shown]) assert.doesNotMatch(text, /eyJ|http:/);
  assert.doesNotMatch(JSON.stringify(row), new RegExp(`eyJ|${id}`));
  assert.match(row?.token ?? '', /^[\w-]{100,}$/);
});

test('a member of no project is told whom to ask', async (t) => {
  const { identity, ask } = await opened(t);
  const token = await identity.admin();
  const user = { name: 'new', password: 'new-password', domain_id: 'default' };
  await identity.ask('POST', '/users', { token, body: { user } });
  const answer = await ask('POST', '/api/session', {}, { user: 'new', password: 'new-password' });
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /ask an administrator/);
});
