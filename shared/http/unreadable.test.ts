import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { checksOf } from '#shared/api/checks.ts';
import { openDocument } from '#shared/api/document.ts';
import { everythingAllowed } from '#shared/auth/policy.ts';
import { silentLog } from '#shared/log/log.ts';
import { openRequestLog } from './request-log.ts';
import { anonymous, anyToken, type Handler, ok } from './route.ts';
import { serve } from './serve.ts';
import { createTunedServer, listen } from './server.ts';

const echo: Handler<object> = async (_service, { body }) => ok({ body });

/** A server with one path, and a function that sends bytes and resolves with all that comes back until the end. */
async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'unreadable-'));
  writeFileSync(join(folder, 'openapi.yaml'), 'openapi: 3.1.0\npaths: {}\n');
  const requests = openRequestLog({ folder, mostBytes: 2 ** 20, kept: 1 });
  const app = serve({
    name: 'things',
    service: {},
    routes: [
      { method: 'get', path: '/things', handler: echo, rule: anyToken },
      { method: 'put', path: '/things', handler: echo, rule: anyToken },
    ],
    enforcer: everythingAllowed,
    dialect: { version: () => '2.1', fault: ({ status, message }) => ({ body: { status, message } }) },
    identify: async (_header, requestId) => anonymous(requestId),
    checks: checksOf(openDocument(folder)),
    log: silentLog(),
    requests,
  });
  const { port, close } = await listen(createTunedServer(app), { host: '127.0.0.1', port: 0 });
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const send = (bytes: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    return text(socket);
  };
  const logged = () => {
    requests.close();
    return readFileSync(join(folder, 'requests.log'), 'utf8');
  };
  return { send, logged };
}

const end = '\r\nhost: x\r\n\r\n';

test('what the parser refuses is a fault in the format of the API with a request id, and is logged', async (t) => {
  const { send, logged } = await open(t);
  for (const [bytes, status, message] of [
    [`GET /thängs HTTP/1.1${end}`, 400, 'Percent-encode'],
    [`GET /things HTTP/1.1\r\nx-nämé: 1${end}`, 400, 'header is ASCII'],
    [`GET /things HTTP/1.1\r\nx-name: a\0b${end}`, 400, 'header is ASCII'],
    [`GET /things and more HTTP/1.1${end}`, 400, 'not valid HTTP'],
    [`get /things HTTP/1.1${end}`, 400, 'not valid HTTP'],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1${end}`, 431, '16 KB'],
    ['GET /things HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'Host header is missing'],
    [`PUT /things HTTP/1.1\r\ntransfer-encoding: chunked${end}zz\r\n`, 400, 'not valid HTTP'],
  ] as const) {
    const answer = await send(bytes);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), bytes.slice(0, 60));
    assert.match(answer, /\r\nx-openstack-request-id: req-[0-9a-f-]{36}\r\n/, bytes.slice(0, 60));
    const body = JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as { status: number; message: string };
    assert.equal(body.status, status);
    assert.match(body.message, new RegExp(message));
  }
  const lines = logged()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { status: number; service: string });
  assert.deepEqual(
    lines.map(({ status }) => status),
    [400, 400, 400, 400, 400, 431, 400, 400],
  );
});

test('an unknown method is a 405 with the methods of the path, and a 404 of an unknown path', async (t) => {
  const { send } = await open(t);
  const refused = await send(`LICK /things HTTP/1.1${end}`);
  assert.match(refused, /^HTTP\/1.1 405 /);
  assert.match(refused, /\r\nallow: GET, HEAD, PUT\r\n/i);
  assert.match(await send(`LICK /nothing HTTP/1.1${end}`), /^HTTP\/1.1 404 /);
  assert.match(await send(`CONNECT x:80 HTTP/1.1${end}`), /^HTTP\/1.1 404 /);
});

test('bytes after a request do not take away its answer, and end the connection', async (t) => {
  const { send } = await open(t);
  const answer = await send(`PUT /things HTTP/1.1${end}a body that no header announces`);
  assert.match(answer, /^HTTP\/1.1 200 /);
  assert.equal(answer.match(/HTTP\/1.1/g)?.length, 1);
});

test('an unknown expectation is ignored', async (t) => {
  const { send } = await open(t);
  assert.match(await send(`GET /things HTTP/1.1\r\nconnection: close\r\nexpect: 200-maybe${end}`), /^HTTP\/1.1 200 /);
});
