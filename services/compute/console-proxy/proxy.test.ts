import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { type Log, openLog, silentLog } from '#shared/log/log.ts';
import { startConsoleProxy } from './proxy.ts';

const ensuringDefaultGroup = 'RFB 003.008\n';

/** A VNC server that greets and echoes, and tokens that are valid once. */
async function openProxy(t: TestContext, tokens = ['good'], log: Log = silentLog()) {
  const dir = await mkdtemp(join(tmpdir(), 'console-'));
  const path = join(dir, 'vnc.sock');
  const screen: Server = createServer(
    (socket) => socket.on('error', () => {}).write(ensuringDefaultGroup) && socket.pipe(socket),
  );
  await once(screen.listen(path), 'listening');
  const left = new Set(tokens);
  const redeemConsoleToken = async (token: string) => (left.delete(token) ? { host: 'h', serverId: 's' } : null);
  const at = { host: '127.0.0.1', port: 0 };
  const proxy = await startConsoleProxy({
    perServer: 2,
    at,
    redeemConsoleToken,
    vncEndpointOf: async () => ({ path, owner: null }),
    log,
  });
  t.after(async () => {
    await proxy.close();
    screen.close();
    await rm(dir, { recursive: true });
  });
  return { proxy, left };
}

const knock = (port: number, token: string, options: { origin?: string } = {}) =>
  new WebSocket(`ws://127.0.0.1:${port}/?token=${token}`, ['binary'], options);

/** The status of the refusal. */
async function refusal(socket: WebSocket): Promise<number | undefined> {
  const [, answer] = await once(socket, 'unexpected-response');
  socket.on('error', () => {}).terminate();
  return answer.statusCode;
}

test('a token connects to the VNC server, in both directions', async (t) => {
  const { proxy } = await openProxy(t);
  const socket = knock(proxy.port, 'good');
  const [first] = await once(socket, 'message');
  assert.equal(String(first), ensuringDefaultGroup);
  assert.equal(socket.protocol, 'binary');
  socket.send(Buffer.from('keys'));
  const [second] = await once(socket, 'message');
  assert.equal(String(second), 'keys');
});

test('a token is valid for one connection', async (t) => {
  const { proxy } = await openProxy(t);
  await once(knock(proxy.port, 'good'), 'message');
  assert.equal(await refusal(knock(proxy.port, 'good')), 403);
});

test('an unknown token is refused', async (t) => {
  const { proxy } = await openProxy(t);
  assert.equal(await refusal(knock(proxy.port, 'bad')), 403);
});

test('OSSA-2015-005, OSSN-0101: a page of another origin is refused and consumes no token, whatever hosts were forged before', async (t) => {
  const { proxy, left } = await openProxy(t);
  const here = `127.0.0.1:${proxy.port}`;
  for (const host of ['evil.example', `evil.${here}`]) await fetch(proxy.url, { headers: { host } });
  const elsewhere = [
    'http://evil.example',
    'null',

    `http://${here}.evil.example`,
    `http://evil${here}`,
    'http://127.0.0.1:1',
  ];
  for (const origin of elsewhere) assert.equal(await refusal(knock(proxy.port, 'good', { origin })), 403, origin);
  assert.ok(left.has('good'));
});

test('OSSN-0044: only the page and the modules of noVNC are served, without cookies', async (t) => {
  const { proxy } = await openProxy(t);
  const statusOf = async (path: string) => (await fetch(proxy.url + path)).status;
  assert.equal(await statusOf('/vnc_lite.html?path=%3Ftoken%3Dx'), 200);
  assert.equal(await statusOf('/core/rfb.js'), 200);
  assert.equal(await statusOf('/vendor/pako/lib/zlib/inflate.js'), 200);
  assert.equal(await statusOf('/core/../package.json'), 404);
  assert.equal(await statusOf('/%2e%2e/proxy.ts'), 404);
  const answer = await fetch(`${proxy.url}/vnc_lite.html`);
  assert.equal(answer.headers.get('set-cookie'), null);
});

test('a VNC server that is gone is an error at once', async (t) => {
  const at = { host: '127.0.0.1', port: 0 };
  const redeemConsoleToken = async () => ({ host: 'h', serverId: 's' });
  const gone = {
    redeemConsoleToken,
    perServer: 2,
    vncEndpointOf: async () => ({ path: '/nowhere/vnc.sock', owner: null }),
  };
  const proxy = await startConsoleProxy({ at, ...gone, log: silentLog() });
  t.after(proxy.close);
  assert.equal(await refusal(knock(proxy.port, 'good')), 502);
});

test('OSSA-2021-002: no path leads a browser to another origin', async (t) => {
  const { proxy } = await openProxy(t);
  for (const path of ['//evil.example/%2f..', '/\\\\evil.example', '//evil.example', '///evil.example/%2e%2e']) {
    const { status, headers } = await rawGet(proxy.port, path);
    assert.ok([400, 404].includes(status), `${path}: ${status}`);
    assert.equal(headers.location, undefined);
  }
});

const rawGet = (port: number, path: string) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
    });
    asked.on('error', reject).end();
  });

test('DEP-WS: more headers than the server counts, before or after those of an upgrade, end one connection and not the proxy', async (t) => {
  const { proxy } = await openProxy(t);
  const many = Array.from({ length: 2_100 }, (_, at) => `a${at}: `);
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
  for (const headers of [
    [...many, ...upgrade],
    [...upgrade, ...many],
  ])
    assert.match(
      await rawAnswer(proxy.port, ['GET /?token=bad HTTP/1.1', 'Host: x', ...headers]),
      /^HTTP\/1\.1 4\d\d /,
    );
  await once(knock(proxy.port, 'good'), 'message');
});

const rawAnswer = (port: number, lines: readonly string[]) =>
  new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    let text = '';
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        text += bytes;
      });
    socket.on('close', () => resolve(text));
    socket.on('end', () => socket.destroy());
  });

test('OSSA-2020-001: the log names the server, and never the token', async (t) => {
  const lines: string[] = [];
  const { proxy } = await openProxy(
    t,
    ['good-token'],
    openLog({}, (line) => lines.push(line)),
  );
  await once(knock(proxy.port, 'good-token'), 'message');
  assert.equal(await refusal(knock(proxy.port, 'bad-token')), 403);
  assert.match(lines.join(), /opened a console/);
  assert.doesNotMatch(lines.join(), /-token/);
});

test('OSSN-0008: the number of open consoles of a server is limited', async (t) => {
  const later = Array.from({ length: 100 }, (_, at) => `later${at}`);
  const { proxy } = await openProxy(t, ['a', 'b', 'c', ...later]);
  const [first, second] = [knock(proxy.port, 'a'), knock(proxy.port, 'b')];
  await Promise.all([first, second].map((socket) => once(socket, 'message')));
  assert.equal(await refusal(knock(proxy.port, 'c')), 429);
  first.terminate();
  await once(first, 'close');
  for (const token of later) if (await opens(knock(proxy.port, token))) return;
  assert.fail('the place never became free');
});

const opens = (socket: WebSocket) =>
  new Promise<boolean>((resolve) => {
    socket.once('message', () => resolve(true));
    socket.once('unexpected-response', () => resolve(false));
    socket.on('error', () => resolve(false));
  });

test('DEP-WS: an upgrade with more headers than a browser sends is refused, and the proxy keeps working', async (t) => {
  const { proxy } = await openProxy(t);
  const headers = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`x-h-${at}`, 'a']));
  const many = new WebSocket(`ws://127.0.0.1:${proxy.port}/?token=good`, ['binary'], { headers });
  assert.ok([400, 431].includes((await refusal(many)) ?? 0));
  await once(knock(proxy.port, 'good'), 'message');
});
