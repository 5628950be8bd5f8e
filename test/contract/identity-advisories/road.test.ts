/** What a request may be, before anybody looks at what it asks for. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '#shared/db/open.ts';
import { openLog } from '#shared/log/log.ts';
import { type IdentityWorld, one, openIdentity } from '../../fakes/identity.ts';

async function logged(t: TestContext, more = {}) {
  const lines: string[] = [];
  const world = await openIdentity(t, more, { log: openLog({}, (line) => lines.push(line)) });
  return { world, lines, said: () => lines.join('') };
}

/** Sends bytes as they are, and hears what comes back until the other side lets go. */
function spoken({ url }: IdentityWorld, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (chunk) => (heard += chunk));
    socket.on('error', () => resolve(heard));
    socket.on('close', () => resolve(heard));
  });
}
const statusesOf = (heard: string) => [...heard.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));

test('OSSA-2013-003: who comes with a bad token writes nothing into the log', async (t) => {
  const { world, lines } = await logged(t);
  const before = lines.length;
  for (let turn = 0; turn < 50; turn += 1)
    assert.equal((await world.ask('GET', '/users', { token: `${turn}`.padEnd(4_000, 'x') })).status, 401);
  assert.equal(lines.length, before);
});

test('OSSA-2013-004: XML is not read', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const body = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><user name="&x;"/>';
  for (const path of ['/users', '/auth/tokens'])
    assert.equal(
      (await world.ask('POST', path, { token, body, headers: { 'content-type': 'application/xml' } })).status,
      415,
    );
});

test('OSSN-0002: too much is refused by its length, before it is read, and without one as soon as it is too much', async (t) => {
  const world = await openIdentity(t);
  const head = 'POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const announced = await spoken(world, `${head}Content-Length: 104857600\r\n\r\n{`);
  assert.deepEqual(statusesOf(announced), [413]);
  const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const endless = await spoken(world, `${head}Transfer-Encoding: chunked\r\n\r\n${piece}${piece}${piece}`);
  assert.deepEqual(statusesOf(endless), [413]);
});

test('OSSA-2017-001, OSSN-0046: an error of ours tells the caller nothing, and the log no secret', async (t) => {
  const { world, said } = await logged(t);
  const token = await world.admin();
  const db = openDatabase(`sqlite:${world.home}/db/identity.sqlite`);
  await db.raw('ALTER TABLE users RENAME TO elsewhere');
  await db.destroy();
  const body = { user: { name: 'x', password: 'a-secret-password' } };
  const answer = await world.ask('POST', '/users', { token, body, headers: { 'x-service-token': token } });
  assert.equal(answer.status, 500);
  assert.match(one(answer, 'error').message, /unexpected error stopped the request req-/);
  assert.ok(!/sqlite|elsewhere|users|\.ts/.test(JSON.stringify(answer.body)));
  assert.match(said(), /a request failed with an unexpected error/);
  assert.ok(!said().includes('a-secret-password') && !said().includes(token.slice(-40)));
});

test('DEP-NODE-SMUGGLE: what could be read as two requests is read as none', async (t) => {
  const world = await openIdentity(t);
  const hidden = 'GET /v3/hidden HTTP/1.1\r\nHost: x\r\n\r\n';
  const heads = [
    `Content-Length: ${hidden.length}\r\nTransfer-Encoding: chunked`,
    `Content-Length: 0\r\nContent-Length: ${hidden.length}`,
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    ' Content-Length: 5',
    'Content-Length: +5',
    'A: b\nContent-Length: 5',
  ];
  for (const head of heads) {
    const heard = await spoken(world, `GET /v3 HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${hidden}`);
    assert.deepEqual(statusesOf(heard), [400], head);
  }
});

test('DEP-NODE-CHUNK: chunks whose extensions do not end are cut off', async (t) => {
  const world = await openIdentity(t);
  const head = 'POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.deepEqual(statusesOf(await spoken(world, `${head}1;${'a'.repeat(200_000)}`)), [413]);
});

test('DEP-PROTO, DEP-NODE-PROTOHDR: names that every object has are names like others', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const names = ['__proto__', 'constructor', 'prototype', 'toString'];
  for (const name of names) {
    const heard = await spoken(
      world,
      `GET /v3?${name}=1&${name}[x]=2 HTTP/1.1\r\nHost: x\r\n${name}: x\r\nX-Auth-Token: ${name}\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(statusesOf(heard).length, 1, name);
  }
  const evil = '{"isAdmin":true,"enabled":false}';
  const raw = `{"user":{"name":"p","__proto__":${evil},"constructor":{"prototype":${evil}}}}`;
  const made = await fetch(`${world.url}/v3/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-auth-token': token },
    body: raw,
  });
  assert.ok([201, 400].includes(made.status));
  assert.deepEqual(['isAdmin' in {}, ({} as { enabled?: boolean }).enabled], [false, undefined]);
  assert.equal((await world.ask('GET', '/users', { token })).status, 200);
});

test('DEP-NODE-EOL: it runs on the line of Node that it brings', () => {
  assert.ok(Number(process.versions.node.split('.', 1)[0]) >= 24, process.version);
});
