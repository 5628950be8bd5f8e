import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run, tryRun } from '#shared/process/run.ts';
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

test('a request that is safe to repeat is repeated when its connection was closed', async (t) => {
  const { url } = await open(t);
  assert.equal(await textOf(await request(url)), 'answer 1');
  assert.equal(await textOf(await request(url)), 'answer 3');
});

test('a request that is not safe to repeat is not', async (t) => {
  const { url, asked } = await open(t);
  await textOf(await request(url));
  await assert.rejects(request(url, { method: 'POST', body: 'x' }), { code: 'ECONNRESET' });
  assert.equal(asked(), 2);
});

test('an answer that does not come in time is an error with the time', async (t) => {
  const server = http.createServer(() => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await assert.rejects(request(url, { timeoutMs: 30 }), /was not answered within 30 ms/);
});

const hasOpenssl = await tryRun(['openssl', 'version']).then(
  () => true,
  () => false,
);

test('OSSA-2013-018: a server is accepted only with a trusted certificate for its own name', {
  skip: !hasOpenssl && 'openssl is not installed',
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  t.after(() => rm(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const kinds = [
    ['self-signed', '/CN=127.0.0.1', 'subjectAltName=IP:127.0.0.1'],
    ['of another host', '/CN=elsewhere', 'subjectAltName=DNS:elsewhere'],
  ] as const;
  for (const [what, subject, name] of kinds) {
    const words = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert];
    await run([...words, '-subj', subject, '-days', '1', '-addext', name]);
    let asked = 0;
    const answer = (_: unknown, res: http.ServerResponse) => {
      asked += 1;
      res.end();
    };
    const server = https.createServer({ key: await readFile(key), cert: await readFile(cert) }, answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await assert.rejects(request(url, { headers: { 'x-auth-token': 'secret' } }), /certificate/i, what);
    assert.equal(asked, 0, what);
    server.close();
  }
});
