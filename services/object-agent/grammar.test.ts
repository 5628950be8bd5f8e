/** The door of an agent, as one who knows its secret and means harm would use it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AgentAnswer, AgentCall, ObjectAgent } from '#shared/contracts/object-agent.ts';
import { silentLog } from '#shared/log/log.ts';
import { registerAgent } from '#shared/ring/reach.ts';
import { placeOf } from '#shared/ring/ring.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { secretHeader } from '#shared/ring/wire.ts';
import { callTo, filesBelow, putAt, startAgents, until } from '../../test/e2e/object-cloud.ts';
import { openApiServer } from './routes.ts';

const object = ['AUTH_p', 'docs', 'o'] as const;

async function openDoorTo(t: TestContext) {
  const agents = await startAgents(t);
  const endpoint = openApiServer({ agent: agents.agentOf('d1'), secret: agents.ring.secret, log: silentLog() });
  await once(endpoint.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    endpoint.closeAllConnections();
    endpoint.close();
  });
  const { port } = endpoint.address() as AddressInfo;
  const ask = async (method: string, path: string, headers: OutgoingHttpHeaders = {}, body = '') => {
    const sent = request({ port, method, path, headers: { [secretHeader]: agents.ring.secret, ...headers } });
    sent.end(body);
    const [answer] = await once(sent, 'response');
    answer.resume();
    return answer.statusCode as number;
  };
  return { ...agents, ask };
}

const hostile: Readonly<Record<string, readonly string[]>> = {
  'x-timestamp': ['../../../../etc/cron.d/x', '1.0', '0000000001.00000/../x', '9999999999.99999_x', '', 'NaN', '-1'],
  'x-backend-range': ['0', 'a-b', '0-1,2-3', '-5', '1e9-2'],
  'x-backend-length': ['-1', 'Infinity', '1e9', 'x'],
  'x-container-replicas': ['0;1', 'x', '0,', '-1', '999999999'],
  'x-account-replicas': ['../0', '0,,1'],
  'x-delete-at': ['x', '-1', '99999999999999999999'],
  'x-object-sysmeta-slo-size': ['x', '-1', '1.5'],
};

test('FIX-SW-REPL: every header that becomes a file name, a row or a number follows its grammar, or the call is a 400', async (t) => {
  const { ask, folder } = await openDoorTo(t);
  const before = filesBelow(folder);
  const fine = { 'x-timestamp': newTimestamp() };
  for (const [name, words] of Object.entries(hostile))
    for (const word of words)
      for (const method of ['PUT', 'POST', 'DELETE'])
        for (const path of ['/object/d1/1/AUTH_p/docs/o', '/container/d1/1/AUTH_p/docs', '/account/d1/1/AUTH_p'])
          assert.equal(await ask(method, path, { ...fine, [name]: word }), 400, `${method} ${path} ${name}: ${word}`);
  assert.deepEqual(filesBelow(folder), before);
});

test('FIX-SW-REPL: invalid devices, partitions, paths and queries are a 400', async (t) => {
  const { ask, folder } = await openDoorTo(t);
  const before = filesBelow(folder);
  const stamp = { 'x-timestamp': newTimestamp() };
  for (const path of [
    '/object/../1/AUTH_p/docs/o',
    '/object/%2e%2e/1/AUTH_p/docs/o',
    '/object/d1/-1/AUTH_p/docs/o',
    '/object/d1/1024/AUTH_p/docs/o',
    '/object/d1/1/AUTH_p/docs',
    '/object/d1/1/AUTH_p/docs/o/more',
    '/object/d1/1/AUTH_p%2Fdocs/o/x',
    '/object/d1/1/AUTH_p//o',
    '/object/d1/1/AUTH_p/docs/%00',
    '/object/d1/1/AUTH_p/docs/%ff',
    '/container/d1/1/AUTH_p',
    '/account/d1/1/',
    '/secrets/d1/1/AUTH_p',
  ])
    assert.equal(await ask('PUT', path, stamp), 400, path);
  for (const asked of ['ask=hashes&hash=../x', 'ask=holdings&suffix=../', 'ask=heard&hash=x', 'ask=run', 'limit=-1'])
    assert.equal(await ask('REPORT', `/object/d1/1?${asked}`), 400, asked);
  assert.equal(await ask('PROPFIND', '/object/d1/1'), 400);
  assert.deepEqual(filesBelow(folder), before);
});

test('FIX-SW-REPL: pushed data of a peer is used only when all of it is valid', async (t) => {
  const { ask, ring, folder } = await openDoorTo(t);
  const before = filesBelow(folder);
  const { partition, hash } = placeOf(ring, 'AUTH_p', 'docs');
  const at = newTimestamp();
  const info = { id: crypto.randomUUID(), path: ['AUTH_p', 'docs'], put: at, removed: '', created: at, metadata: {} };
  const entry = { name: 'o', timestamp: at, meta: '', deleted: false, bytes: 1, count: 0, type: 't', etag: 'e' };
  const push = (body: unknown) =>
    ask('REPORT', `/container/d1/${partition}?ask=push&hash=${hash}`, {}, JSON.stringify(body));
  for (const wrong of [
    'text',
    { info, entries: [], seq: -1 },
    { info: { ...info, id: '../x' }, entries: [], seq: 1 },
    { info: { ...info, path: ['AUTH_q', 'docs'] }, entries: [], seq: 1 },
    { info: { ...info, put: 'later' }, entries: [], seq: 1 },
    { info: { ...info, metadata: { 'x-other': ['a', at] } }, entries: [], seq: 1 },
    { info: { ...info, metadata: { 'x-container-read': '.r:*' } }, entries: [], seq: 1 },
    { info, entries: [{ ...entry, bytes: 1e300 }], seq: 1 },
    { info, entries: [{ ...entry, timestamp: '9' }], seq: 1 },
    { info, entries: [{ ...entry, name: 7 }], seq: 1 },
    { info, entries: Array.from({ length: 1001 }, () => entry), seq: 1 },
  ])
    assert.equal(await push(wrong), 400, JSON.stringify(wrong).slice(0, 200));
  assert.deepEqual(filesBelow(folder), before);
  assert.equal(await push({ info, entries: [entry], seq: 1 }), 200);
});

test('FIX-SW-REPL: a peer that refuses, or answers what it should not, changes nothing and does not end the round', async (t) => {
  const agents = await startAgents(t, { replicateMs: 20 });
  const stamp = callTo(agents.ring, 'object', 'PUT', 'd1', object);
  assert.equal((await putAt(agents.agentOf('d1'), stamp, Buffer.from('text'))).status, 201);
  const answers: AgentAnswer[] = [
    { status: 400, headers: {} },
    { status: 200, headers: {}, body: Buffer.from('not JSON') },
    { status: 200, headers: {}, body: Buffer.from('{"../../x":"y"}') },
    { status: 200, headers: {}, body: Buffer.from('[-1]') },
    { status: 200, headers: {} },
  ];
  const real = agents.agentOf('d1');
  let rounds = 0;
  const liar: ObjectAgent = {
    ...real,
    ask: (call: AgentCall) => {
      if (call.method !== 'REPLICATE') return real.ask(call);
      rounds += 1;
      return Promise.resolve(answers[rounds % answers.length] as AgentAnswer);
    },
  };
  const address = agents.ring.devices[0]?.address ?? '';
  const away = registerAgent(agents.runtime.bus, address, liar);
  await until(t, () => rounds > 20);
  away();
  registerAgent(agents.runtime.bus, address, real);
  const found = (device: string) => filesBelow(join(agents.folder, 'object-agent', device, 'objects')).length;
  await until(t, () => ['d1', 'd2', 'd3'].every((device) => found(device) === 1));
});

test('R05: a file of another object is never served, and is quarantined', async (t) => {
  const agents = await startAgents(t);
  const other = ['AUTH_p', 'docs', 'other'] as const;
  await putAt(agents.agentOf('d1'), callTo(agents.ring, 'object', 'PUT', 'd1', object), Buffer.from('text'));
  const root = join(agents.folder, 'object-agent', 'd1');
  const [file = ''] = filesBelow(join(root, 'objects'));
  await putAt(agents.agentOf('d1'), callTo(agents.ring, 'object', 'PUT', 'd1', other), Buffer.from('other'));
  const [second = ''] = filesBelow(join(root, 'objects')).filter((each) => each !== file);
  renameSync(file, join(dirname(second), '9999999999.00000.data'));
  const answer = await agents.agentOf('d1').ask(callTo(agents.ring, 'object', 'GET', 'd1', other));
  assert.equal(answer.status, 404);
  assert.ok(filesBelow(join(root, 'quarantined')).length > 0);
});
