/** Proxy and agents in processes of their own: the same, over HTTP. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { filesBelow, md5, openProxy, startAgents, until } from '../../test/e2e/object-cloud.ts';
import { freePort } from '../../test/fakes/free-port.ts';
import { openApiServer } from '../object-agent/routes.ts';

async function startSplit(t: TestContext) {
  const port = await freePort();
  const devices = ['d1', 'd2', 'd3'].map((name, at) => `z${at}-127.0.0.1:${port}/${name}`);
  const agents = await startAgents(t, { listen: `127.0.0.1:${port}` }, { devices });
  const { runtime, ring } = agents;
  const endpoint = openApiServer({ agent: agents.agentOf('d1'), secret: ring.secret, log: runtime.log }).listen(
    port,
    '127.0.0.1',
  );
  await once(endpoint, 'listening');
  const { url, close } = await openProxy({ ...runtime, bus: memoryBus() }, ring);
  const closeEndpoint = async () => {
    endpoint.closeAllConnections();
    await new Promise((go) => endpoint.close(go));
  };
  t.after(async () => {
    await close();
    await closeEndpoint();
  });
  const ask = (method: string, to: string, body?: Buffer, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/AUTH_p${to}`, {
      method,
      headers: { 'x-auth-token': 'u:p:member', ...headers },
      ...(body ? { body: new Uint8Array(body) } : {}),
    });
  return { ask, url, folder: agents.folder, closeEndpoint };
}

test('objects of all sizes travel between processes', async (t) => {
  const { ask, folder } = await startSplit(t);
  assert.equal((await ask('PUT', '/docs')).status, 201);
  for (const size of [0, 1000, 100_000, 9_000_000]) {
    const content = randomBytes(size);
    const put = await ask('PUT', '/docs/o', content, { 'x-object-meta-a': 'r\xf6t' });
    assert.deepEqual([put.status, put.headers.get('etag')], [201, md5(content)]);
    const get = await ask('GET', '/docs/o');
    assert.ok(Buffer.from(await get.arrayBuffer()).equals(content));
    assert.equal(get.headers.get('x-object-meta-a'), 'r\xf6t');
  }
  assert.equal(filesBelow(folder).filter((file) => file.endsWith('.data')).length, 3);
  const part = await ask('GET', '/docs/o', undefined, { range: 'bytes=1048570-5000000' });
  assert.equal((await part.arrayBuffer()).byteLength, 5_000_000 - 1_048_570 + 1);
  assert.equal(await (await ask('GET', '/docs')).text(), 'o\n');
  assert.equal((await ask('PUT', '/docs/o', Buffer.from('x'), { etag: md5('y') })).status, 422);
  assert.equal((await ask('POST', '/docs/o', undefined, { 'x-object-meta-b': '1' })).status, 202);
  assert.equal((await ask('DELETE', '/docs/o')).status, 204);
  assert.equal((await ask('DELETE', '/docs')).status, 204);
});

test('an upload whose client disconnects leaves nothing', async (t) => {
  const { ask, folder, url } = await startSplit(t);
  await ask('PUT', '/docs');
  const headers = { 'x-auth-token': 'u:p:member', 'content-length': 9_000_000 };
  const put = request(`${url}/v1/AUTH_p/docs/o`, { method: 'PUT', headers }).on('error', () => {});
  put.write(randomBytes(3_000_000));
  const temporaries = () => filesBelow(folder).filter((file) => /\/d\d\/tmp\//.test(file));
  await until(t, () => temporaries().length === 3);
  put.destroy();
  await until(t, () => temporaries().length === 0);
  assert.equal((await ask('GET', '/docs/o')).status, 404);
});

test('without any agent the answer is a 503 within seconds', async (t) => {
  const { ask, closeEndpoint } = await startSplit(t);
  await ask('PUT', '/docs');
  await closeEndpoint();
  assert.equal((await ask('PUT', '/docs/o', Buffer.from('x'))).status, 503);
  assert.equal((await ask('GET', '/docs')).status, 503);
});
