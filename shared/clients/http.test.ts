import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { request, textOf } from './http.ts';

/** A server that cuts the connection of the second request it gets. */
async function open(t: TestContext) {
  let asked = 0;
  const server = http.createServer((req, res) => {
    asked += 1;
    if (asked === 2) req.socket.destroy();
    else req.resume().on('end', () => res.end(`answer ${asked}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, asked: () => asked };
}

test('what is safe to ask twice is asked again when its connection was closed', async (t) => {
  const { url } = await open(t);
  assert.equal(await textOf(await request(url)), 'answer 1');
  assert.equal(await textOf(await request(url)), 'answer 3');
});

test('what is not safe to ask twice is not', async (t) => {
  const { url, asked } = await open(t);
  await textOf(await request(url));
  await assert.rejects(request(url, { method: 'POST', body: 'x' }), { code: 'ECONNRESET' });
  assert.equal(asked(), 2);
});

test('an answer that does not come in time is an error that says so', async (t) => {
  const server = http.createServer(() => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await assert.rejects(request(url, { timeoutMs: 30 }), /was not answered within 30 ms/);
});
