import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { silentLog } from '#shared/log/log.ts';
import { startConsoleProxy } from './proxy.ts';

const greeting = 'RFB 003.008\n';

/** A screen that greets and then says back what it hears, and tokens that are good once. */
async function openProxy(t: TestContext, tokens = ['good']) {
  const dir = await mkdtemp(join(tmpdir(), 'console-'));
  const path = join(dir, 'vnc.sock');
  const screen: Server = createServer((socket) => socket.on('error', () => {}).write(greeting) && socket.pipe(socket));
  await once(screen.listen(path), 'listening');
  const left = new Set(tokens);
  const redeemConsoleToken = async (token: string) => (left.delete(token) ? { host: 'h', serverId: 's' } : null);
  const at = { host: '127.0.0.1', port: 0 };
  const proxy = await startConsoleProxy({
    at,
    redeemConsoleToken,
    screenOf: async () => ({ path, owner: null }),
    log: silentLog(),
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

test('a token opens the screen, both ways', async (t) => {
  const { proxy } = await openProxy(t);
  const socket = knock(proxy.port, 'good');
  const [first] = await once(socket, 'message');
  assert.equal(String(first), greeting);
  assert.equal(socket.protocol, 'binary');
  socket.send(Buffer.from('keys'));
  const [second] = await once(socket, 'message');
  assert.equal(String(second), 'keys');
});

test('a token is good for one connection', async (t) => {
  const { proxy } = await openProxy(t);
  await once(knock(proxy.port, 'good'), 'message');
  assert.equal(await refusal(knock(proxy.port, 'good')), 403);
});

test('a wrong token opens nothing', async (t) => {
  const { proxy } = await openProxy(t);
  assert.equal(await refusal(knock(proxy.port, 'bad')), 403);
});

test('a page from elsewhere opens nothing and uses no token up', async (t) => {
  const { proxy, left } = await openProxy(t);
  assert.equal(await refusal(knock(proxy.port, 'good', { origin: 'http://evil.example' })), 403);
  assert.ok(left.has('good'));
});

test('the page and the modules of noVNC are there, and nothing beside them', async (t) => {
  const { proxy } = await openProxy(t);
  const statusOf = async (path: string) => (await fetch(proxy.url + path)).status;
  assert.equal(await statusOf('/vnc_lite.html?path=%3Ftoken%3Dx'), 200);
  assert.equal(await statusOf('/core/rfb.js'), 200);
  assert.equal(await statusOf('/vendor/pako/lib/zlib/inflate.js'), 200);
  assert.equal(await statusOf('/core/../package.json'), 404);
  assert.equal(await statusOf('/%2e%2e/proxy.ts'), 404);
});

test('a screen that is gone is said at once', async (t) => {
  const at = { host: '127.0.0.1', port: 0 };
  const redeemConsoleToken = async () => ({ host: 'h', serverId: 's' });
  const gone = { redeemConsoleToken, screenOf: async () => ({ path: '/nowhere/vnc.sock', owner: null }) };
  const proxy = await startConsoleProxy({ at, ...gone, log: silentLog() });
  t.after(proxy.close);
  assert.equal(await refusal(knock(proxy.port, 'good')), 502);
});
