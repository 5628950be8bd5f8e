import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { admin, openImages } from '../../../test/fakes/image-api.ts';
import { isAllowed } from './safe-fetch.ts';

async function serving(t: TestContext, answer: RequestListener): Promise<{ port: string; url: string }> {
  const server = createServer(answer);
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  t.after(() => server.close());
  const port = String((server.address() as AddressInfo).port);
  return { port, url: `http://127.0.0.1:${port}` };
}

async function opened(t: TestContext, answer: RequestListener, networks = ['127.0.0.0/8']) {
  const { port, url } = await serving(t, answer);
  const api = await openImages(t, { config: { importNetworks: networks, importPorts: [port, '80'] } });
  const id = await api.make();
  const importFrom = (uri: string) =>
    api.ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'web-download', uri } } });
  /** The task, when it has ended. */
  const ended = async () => {
    for (;;) {
      t.signal.throwIfAborted();
      const { body } = await api.ask('GET', `/v2/images/${id}/tasks`);
      const [task] = (body as unknown as { tasks: { id: string; status: string; message: string }[] }).tasks;
      if (task && task.status !== 'processing') return task;
      await new Promise((go) => setTimeout(go, 5));
    }
  };
  const status = async () => (await api.ask('GET', `/v2/images/${id}`)).body.status;
  return { ...api, id, url, importFrom, ended, status };
}

test('an image is imported from a URL, through redirects', async (t) => {
  const { ask, id, url, importFrom, ended, status } = await opened(t, (req, res) => {
    if (req.url === '/image') return res.end('content');
    return res.writeHead(302, { location: '/image' }).end();
  });
  assert.equal((await importFrom(`${url}/moved`)).status, 202);
  const task = await ended();
  assert.deepEqual([task.status, await status()], ['success', 'active']);
  assert.equal((await ask('GET', `/v2/images/${id}/file`)).raw.toString(), 'content');
  const { body } = await ask('GET', `/v2/tasks/${task.id}`, admin);
  assert.equal(body.status, 'success');
  assert.equal((await ask('GET', '/v2/tasks')).status, 403);
  assert.equal((await importFrom(`${url}/moved`)).status, 409);
});

test('OSSA-2026-004: private addresses are refused, also behind a redirect, and the image is queued again', async (t) => {
  const { url, importFrom, ended, status } = await opened(
    t,
    (_req, res) => void res.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
  );
  assert.equal((await importFrom(url)).status, 202);
  assert.match((await ended()).message, /169\.254\.169\.254.*|does not pass filtering/);
  assert.equal(await status(), 'queued');
});

test('OSSA-2026-004, OSSN-0078: a URL of another scheme or port, with a password or of the cloud itself is refused, all alike', async (t) => {
  let requests = 0;
  const count: RequestListener = (_req, res) => {
    requests += 1;
    res.end('x');
  };
  const { importFrom, url } = await opened(t, count, []);
  const other = [
    'file:///etc/passwd',
    'ftp://example.org/x',
    'http://example.org:22/x',
    'http://a:b@example.org/',
    'x',
  ];
  for (const uri of other) assert.equal((await importFrom(uri)).status, 400, uri);
  const port = new URL(url).port;
  for (const host of ['127.0.0.1', '2130706433', '0x7f000001', '127.1', '[::ffff:7f00:1]', '[::1]', 'localhost']) {
    const refused = await importFrom(`http://${host}:${port}/`);
    assert.deepEqual([refused.status, /does not pass filtering/.test(refused.body.message)], [400, true], host);
  }
  assert.equal(requests, 0);
});

test('a download that is cut off, or is no image, leaves the image queued', async (t) => {
  const { ask, make, url } = await opened(t, (req, res) => {
    if (req.url === '/cut') res.writeHead(200, { 'content-length': '100' }).write('x', () => res.destroy());
    else res.writeHead(404).end();
  });
  for (const path of ['/cut', '/none']) {
    const id = await make();
    await ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'web-download', uri: url + path } } });
    for (let status = ''; status !== 'failure'; ) {
      t.signal.throwIfAborted();
      const { body } = await ask('GET', `/v2/images/${id}/tasks`);
      status = (body as unknown as { tasks: { status: string }[] }).tasks[0]?.status ?? '';
    }
    assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'queued');
  }
});

test('addresses that are not of the public Internet are known, also those that stand for others', () => {
  const rules = { importNetworks: ['10.1.0.0/16'] };
  for (const address of [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '::1',
    '::ffff:127.0.0.1',
    'fe80::1',
    'fd00::1',
    '64:ff9b::7f00:1',
    '0.0.0.0',
    '224.0.0.1',
  ])
    assert.equal(isAllowed(address, rules), false, address);
  for (const address of ['10.1.2.3', '93.184.216.34', '2606:2800::1'])
    assert.equal(isAllowed(address, rules), true, address);
});

test('usage is shown beside its limits', async (t) => {
  const { ask, make, upload } = await openImages(t);
  await upload(await make(), Buffer.alloc(2 * 1024 * 1024, 'x'));
  const { body } = await ask('GET', '/v2/info/usage');
  const { usage } = body as unknown as { usage: Record<string, unknown> };
  assert.deepEqual(usage.image_size_total, { limit: -1, usage: 2 });
  assert.deepEqual(usage.image_count_total, { limit: 1000, usage: 1 });
});
