import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ObjectAgent } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { silentLog } from '#shared/log/log.ts';
import { openRemote } from '#shared/ring/remote.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import {
  type Agents,
  bytesOf,
  callTo,
  filesBelow,
  md5,
  putAt,
  startAgents,
  until,
} from '../../test/e2e/object-cloud.ts';
import { entryOf } from '../../test/fakes/listing-entry.ts';
import { openApiServer } from './routes.ts';

const path = ['AUTH_p', 'docs', 'a/b c.txt'] as const;
const container = ['AUTH_p', 'docs'] as const;

interface Way {
  readonly agents: Agents;
  readonly agent: ObjectAgent;
}

/** The two ways to an agent: everything below must hold for both. */
const ways: Readonly<Record<string, (t: TestContext) => Promise<Way>>> = {
  'in one process': async (t) => {
    const agents = await startAgents(t);
    return { agents, agent: agents.agentOf('d1') };
  },
  'over HTTP': async (t) => {
    const agents = await startAgents(t);
    const endpoint = openApiServer({
      agent: agents.agentOf('d1'),
      secret: agents.ring.secret,
      log: silentLog(),
    }).listen(0, '127.0.0.1');
    await once(endpoint, 'listening');
    const remote = openRemote({
      address: `127.0.0.1:${(endpoint.address() as AddressInfo).port}`,
      secret: agents.ring.secret,
    });
    t.after(() => {
      remote.close();
      endpoint.closeAllConnections();
      endpoint.close();
    });
    return { agents, agent: remote };
  },
};

for (const [way, open] of Object.entries(ways)) {
  const put = ({ agents: { ring }, agent }: Way, content: Buffer, headers: Record<string, string> = {}) =>
    putAt(agent, callTo(ring, 'object', 'PUT', 'd1', path, { 'content-type': 'text/plain', ...headers }), content);
  const get = ({ agents: { ring }, agent }: Way, headers: Record<string, string> = {}) =>
    agent.ask(callTo(ring, 'object', 'GET', 'd1', path, headers));

  for (const size of [0, 1, 70_000, 1_048_576, 3_500_000])
    test(`${way}: an object of ${size} bytes comes back as it went`, async (t) => {
      const context = await open(t);
      const content = randomBytes(size);
      assert.equal((await put(context, content, { 'x-object-meta-colour': 'r\xf6t' })).status, 201);
      const answer = await get(context);
      assert.equal(answer.status, 200);
      assert.ok((await bytesOf(answer)).equals(content));
      assert.equal(answer.headers.etag, md5(content));
      assert.equal(answer.headers['x-object-meta-colour'], 'r\xf6t');
      assert.equal(answer.headers['content-length'], String(size));
    });

  test(`${way}: a range is just that range, wherever the blocks end`, async (t) => {
    const context = await open(t);
    const content = randomBytes(3_500_000);
    await put(context, content);
    for (const [from, to] of [
      [0, 0],
      [1_048_575, 1_048_576],
      [1_000_000, 3_200_000],
      [3_499_999, 3_499_999],
    ] as const) {
      const answer = await get(context, { 'x-backend-range': `${from}-${to}` });
      assert.ok((await bytesOf(answer)).equals(content.subarray(from, to + 1)), `${from}-${to}`);
      assert.equal(answer.headers['x-backend-length'], '3500000');
    }
  });

  test(`${way}: the newest write wins, in whatever order they come`, async (t) => {
    const context = await open(t);
    const [older, newer, newest] = [newTimestamp(), newTimestamp(), newTimestamp()];
    assert.equal((await put(context, Buffer.from('new'), { 'x-timestamp': newer })).status, 201);
    assert.equal((await put(context, Buffer.from('old'), { 'x-timestamp': older })).status, 409);
    const remove = callTo(context.agents.ring, 'object', 'DELETE', 'd1', path);
    assert.equal((await context.agent.ask({ ...remove, headers: { 'x-timestamp': older } })).status, 409);
    assert.equal((await bytesOf(await get(context))).toString(), 'new');
    assert.equal((await context.agent.ask({ ...remove, headers: { 'x-timestamp': newest } })).status, 204);
    assert.equal((await get(context)).status, 404);
    assert.equal((await put(context, Buffer.from('late'), { 'x-timestamp': newer })).status, 409);
  });

  test(`${way}: a POST replaces the metadata and leaves the bytes`, async (t) => {
    const context = await open(t);
    await put(context, Buffer.from('bytes'), { 'x-object-meta-a': '1' });
    const headers = { 'x-object-meta-b': '2' };
    const post = callTo(context.agents.ring, 'object', 'POST', 'd1', path, headers);
    assert.equal((await context.agent.ask(post)).status, 202);
    const answer = await get(context);
    assert.equal(answer.headers['x-object-meta-a'], undefined);
    assert.equal(answer.headers['x-object-meta-b'], '2');
    assert.equal(answer.headers['content-type'], 'text/plain');
    assert.equal((await bytesOf(answer)).toString(), 'bytes');
  });

  test(`${way}: what is aborted was never there`, async (t) => {
    const context = await open(t);
    const upload = await context.agent.upload(callTo(context.agents.ring, 'object', 'PUT', 'd1', path));
    assert.ok('commit' in upload);
    await upload.write({ chunks: [Buffer.alloc(1_048_576)], bytes: 1_048_576, crc: 0 });
    await upload.abort();
    const left = () =>
      filesBelow(join(context.agents.folder, 'object-agent', 'd1')).filter((file) => !file.endsWith('boot'));
    await until(t, () => left().length === 0);
    assert.equal((await get(context)).status, 404);
  });

  test(`${way}: a rotten block never leaves, and the object is put aside`, async (t) => {
    const context = await open(t);
    await put(context, randomBytes(3_500_000));
    const file = rot(context.agents.folder, 'd1', 2_500_000);
    const answer = await get(context);
    await assert.rejects(bytesOf(answer));
    assert.equal((await get(context)).status, 404);
    assert.ok(
      filesBelow(join(context.agents.folder, 'object-agent', 'd1', 'quarantined')).some((name) => name.endsWith(file)),
    );
  });

  test(`${way}: a container lists its objects in order, with prefix, delimiter, markers and backwards`, async (t) => {
    const context = await open(t);
    const { ring } = context.agents;
    const made = callTo(ring, 'container', 'PUT', 'd1', container, { 'x-container-meta-a': 'b' });
    assert.equal((await context.agent.ask(made)).status, 201);
    assert.equal((await context.agent.ask({ ...made, headers: { 'x-timestamp': newTimestamp() } })).status, 202);
    for (const name of ['b', 'a/1', 'a/2', 'a/x/3', 'c', 'ä', 'a'])
      assert.equal((await context.agent.ask(rowOf(context, name))).status, 201);
    const list = async (query: Record<string, string>) => {
      const answer = await context.agent.ask({ ...callTo(ring, 'container', 'GET', 'd1', container), query });
      const found = JSON.parse(String(await bytesOf(answer))) as (Entry & { subdir?: string })[];
      return found.map(({ name, subdir }) => name ?? subdir);
    };
    assert.deepEqual(await list({}), ['a', 'a/1', 'a/2', 'a/x/3', 'b', 'c', 'ä']);
    assert.deepEqual(await list({ delimiter: '/' }), ['a', 'a/', 'b', 'c', 'ä']);
    assert.deepEqual(await list({ delimiter: '/', reverse: 'true' }), ['ä', 'c', 'b', 'a/', 'a']);
    assert.deepEqual(await list({ delimiter: '/', marker: 'a/' }), ['b', 'c', 'ä']);
    assert.deepEqual(await list({ prefix: 'a/', delimiter: '/' }), ['a/1', 'a/2', 'a/x/']);
    assert.deepEqual(await list({ path: 'a' }), ['a/1', 'a/2']);
    assert.deepEqual(await list({ marker: 'a/2', limit: '2' }), ['a/x/3', 'b']);
    assert.deepEqual(await list({ end_marker: 'a/2' }), ['a', 'a/1']);
    assert.deepEqual(await list({ reverse: 'true', marker: 'b', end_marker: 'a/1' }), ['a/x/3', 'a/2']);
    const { headers } = await context.agent.ask(callTo(ring, 'container', 'HEAD', 'd1', container));
    assert.equal(headers['x-container-object-count'], '7');
    assert.equal(headers['x-container-bytes-used'], '70');
    assert.equal(headers['x-container-meta-a'], 'b');
  });

  test(`${way}: a container that is not empty stays; a removed one forgets its metadata`, async (t) => {
    const context = await open(t);
    const { ring } = context.agents;
    const ask = (method: 'PUT' | 'DELETE' | 'HEAD', headers = {}) =>
      context.agent.ask(callTo(ring, 'container', method, 'd1', container, headers));
    await ask('PUT', { 'x-container-read': '.r:*' });
    await context.agent.ask(rowOf(context, 'o'));
    assert.equal((await ask('DELETE')).status, 409);
    await context.agent.ask(rowOf(context, 'o', { deleted: true, timestamp: newTimestamp() }));
    assert.equal((await ask('DELETE')).status, 204);
    assert.equal((await ask('HEAD')).status, 404);
    assert.equal((await ask('PUT')).status, 201);
    assert.equal((await ask('HEAD')).headers['x-container-read'], undefined);
  });

  test(`${way}: a device that is away answers 507, and serves again when it is back`, async (t) => {
    const context = await open(t);
    await put(context, Buffer.from('here'));
    const root = join(context.agents.folder, 'object-agent', 'd1');
    renameSync(root, `${root}.away`);
    assert.equal((await get(context)).status, 507);
    assert.equal((await put(context, Buffer.from('new'))).status, 507);
    assert.equal(
      (await context.agent.ask(callTo(context.agents.ring, 'container', 'PUT', 'd1', container))).status,
      507,
    );
    renameSync(`${root}.away`, root);
    assert.equal((await bytesOf(await get(context))).toString(), 'here');
  });
}

test('a call without the secret is refused', async (t) => {
  const { agents } = await (ways['in one process'] as (t: TestContext) => Promise<Way>)(t);
  const endpoint = openApiServer({ agent: agents.agentOf('d1'), secret: agents.ring.secret, log: silentLog() }).listen(
    0,
    '127.0.0.1',
  );
  await once(endpoint, 'listening');
  t.after(() => endpoint.close());
  const answer = await fetch(`http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/object/d1/1/a/c/o`);
  assert.equal(answer.status, 401);
});

/** Changes one byte of the only object of a device; gives the name of its file. */
function rot(folder: string, device: string, at: number): string {
  const [file = ''] = filesBelow(join(folder, 'object-agent', device, 'objects'));
  const content = readFileSync(file);
  content[at] = (content[at] ?? 0) ^ 1;
  writeFileSync(file, content);
  return file.split('/').at(-1) ?? '';
}

function rowOf({ agents: { ring } }: Way, name: string, more: Partial<Entry> = {}) {
  const entry = entryOf(name, { timestamp: newTimestamp(), ...more });
  return { ...callTo(ring, 'container', 'PUT', 'd1', [...container, name]), body: Buffer.from(JSON.stringify(entry)) };
}
