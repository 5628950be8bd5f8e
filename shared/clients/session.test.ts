import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Unavailable } from '#shared/errors/fault.ts';
import { openSession } from './session.ts';

/** Nobody listens at port 1. */
const nowhere = 'http://127.0.0.1:1';

const logins = { count: 0 };

/** An identity with an image endpoint that refuses connections. */
async function openIdentity(t: TestContext): Promise<string> {
  const image = { interface: 'internal', region: 'RegionOne', url: nowhere };
  const times = { issued_at: '2000-01-01T00:00:00Z', expires_at: '2000-01-01T01:00:00Z' };
  const token = { ...times, catalog: [{ type: 'image', endpoints: [image] }] };
  const server = http.createServer((req, res) => {
    logins.count += 1;
    req.resume().on('end', () => res.setHeader('x-subject-token', 't').end(JSON.stringify({ token })));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3`;
}

const sessionAt = (identityUrl: string) =>
  openSession({ identityUrl, user: 'nova', password: async () => 'x', region: 'RegionOne' });

test('a service that refuses connections is Unavailable, by its name', async (t) => {
  const asking = sessionAt(await openIdentity(t)).json('image', '/v2/images');
  await assert.rejects(asking, (error) => error instanceof Unavailable && /The image service/.test(error.message));
});

test('an identity that refuses connections is Unavailable, and the next request tries again', async () => {
  const session = sessionAt(`${nowhere}/v3`);
  const away = (error: unknown) => error instanceof Unavailable && /The identity service/.test(error.message);
  await assert.rejects(session.token(), away);
  await assert.rejects(session.token(), away);
});

test('C01: a service whose clock is years ahead of identity’s logs in once, and uses that token', async (t) => {
  const session = sessionAt(await openIdentity(t));
  const before = logins.count;
  assert.equal(await session.token(), 't');
  assert.equal(await session.token(), 't');
  assert.equal(logins.count, before + 1);
});
