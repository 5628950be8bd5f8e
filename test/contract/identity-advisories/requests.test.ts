/** Malformed and oversized requests, before the handler. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '#shared/db/open.ts';
import { openLog } from '#shared/log/log.ts';
import { type IdentityWorld, one, openIdentity } from '../../fakes/identity.ts';

async function logged(t: TestContext, more = {}) {
  const lines: string[] = [];
  const world = await openIdentity(t, more, { log: openLog({}, (line) => lines.push(line)) });
  return { world, lines, logText: () => lines.join('') };
}

/** Sends raw bytes; resolves with all that is received until the connection closes. */
function sendRaw({ url }: IdentityWorld, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (chunk) => (received += chunk));
    socket.on('error', () => resolve(received));
    socket.on('close', () => resolve(received));
  });
}
const statusesOf = (received: string) =>
  [...received.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));

test('OSSA-2013-003: requests with an invalid token write nothing to the log', async (t) => {
  const { world, lines } = await logged(t);
  const before = lines.length;
  for (let count = 0; count < 50; count += 1)
    assert.equal((await world.ask('GET', '/users', { token: `${count}`.padEnd(4_000, 'x') })).status, 401);
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

test('OSSN-0002: an oversized body is refused by its length before it is read, or as soon as it exceeds the limit', async (t) => {
  const world = await openIdentity(t);
  const head = 'POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const announced = await sendRaw(world, `${head}Content-Length: 104857600\r\n\r\n{`);
  assert.deepEqual(statusesOf(announced), [413]);
  const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const endless = await sendRaw(world, `${head}Transfer-Encoding: chunked\r\n\r\n${piece}${piece}${piece}`);
  assert.deepEqual(statusesOf(endless), [413]);
});

test('OSSA-2017-001, OSSN-0046: an internal error reveals nothing to the caller, and no secret to the log', async (t) => {
  const { world, logText } = await logged(t);
  const token = await world.admin();
  const db = openDatabase(`sqlite:${world.home}/db/identity.sqlite`);
  await db.raw('ALTER TABLE users RENAME TO elsewhere');
  await db.destroy();
  const body = { user: { name: 'x', password: 'a-secret-password' } };
  const answer = await world.ask('POST', '/users', { token, body, headers: { 'x-service-token': token } });
  assert.equal(answer.status, 500);
  assert.match(one(answer, 'error').message, /unexpected error stopped the request req-/);
  assert.ok(!/sqlite|elsewhere|users|\.ts/.test(JSON.stringify(answer.body)));
  assert.match(logText(), /a request failed with an unexpected error/);
  assert.ok(!logText().includes('a-secret-password') && !logText().includes(token.slice(-40)));
});

test('DEP-NODE-SMUGGLE: ambiguous requests are refused', async (t) => {
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
    const received = await sendRaw(world, `GET /v3 HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${hidden}`);
    assert.deepEqual(statusesOf(received), [400], head);
  }
});

test('DEP-NODE-CHUNK: oversized chunk extensions are refused', async (t) => {
  const world = await openIdentity(t);
  const head = 'POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.deepEqual(statusesOf(await sendRaw(world, `${head}1;${'a'.repeat(200_000)}`)), [413]);
});

test('DEP-PROTO, DEP-NODE-PROTOHDR: names of object properties are plain keys', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const names = ['__proto__', 'constructor', 'prototype', 'toString'];
  for (const name of names) {
    const received = await sendRaw(
      world,
      `GET /v3?${name}=1&${name}[x]=2 HTTP/1.1\r\nHost: x\r\n${name}: x\r\nX-Auth-Token: ${name}\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(statusesOf(received).length, 1, name);
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

test('DEP-NODE-EOL: it runs on the Node release of the project', () => {
  assert.ok(Number(process.versions.node.split('.', 1)[0]) >= 24, process.version);
});
