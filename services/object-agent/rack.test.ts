/** Agents on several hosts: each a process of its own, reached over HTTP by the proxy and by the others. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { nodesOf, placeOf } from '#shared/ring/ring.ts';
import { wireMethods } from '#shared/ring/wire.ts';
import { until } from '../../test/e2e/object-cloud.ts';
import { type Rack, startRack } from '../../test/e2e/object-rack.ts';

const three = [['d1'], ['d2'], ['d3']];
const names = (count: number, word: string) => [...Array(count).keys()].map((at) => `${word}${at}`);
const ending = (files: readonly string[], end: string) => files.filter((file) => file.endsWith(end)).length;

test("Node's parser accepts every method of the contract", () => {
  for (const method of Object.values(wireMethods)) assert.ok(http.METHODS.includes(method), method);
  assert.equal(new Set(Object.values(wireMethods)).size, Object.keys(wireMethods).length);
});

test('N06: a host that was away, and one with new disks, get all that they missed from the others', async (t) => {
  const { hosts, ask } = await startRack(t, three);
  const [, second] = hosts as [unknown, Rack['hosts'][0]];
  await until(t, async () => (await ask('PUT', '/docs')).status < 300); // a slow machine's hosts may be held away at first
  assert.equal((await ask('PUT', '/docs/old', {}, 'old')).status, 201);
  await second.kill();
  for (const name of names(5, 'new')) assert.equal((await ask('PUT', `/docs/${name}`, {}, name)).status, 201);
  assert.equal((await ask('DELETE', '/docs/old')).status, 204);
  const rows = ['new0', 'new1', 'new2', 'new3', 'new4'];
  for (const wiped of [false, true]) {
    if (wiped) {
      await second.kill();
      second.wipe();
    }
    await second.start();
    await until(t, () => ending(second.objects('d2'), '.data') === 5 && ending(second.objects('d2'), '.ts') === 1);
    for (const host of hosts.filter((each) => each !== second)) host.pause();
    await until(t, async () => {
      const answers = await Promise.all(rows.map((name) => ask('GET', `/docs/${name}`)));
      return (await Promise.all(answers.map((answer) => answer.text()))).join() === rows.join();
    });
    for (const host of hosts) host.wake();
    await until(t, async () => (await ask('GET', '/docs')).status === 200);
    assert.equal(await (await ask('GET', '/docs')).text(), `${rows.join('\n')}\n`);
  }
});

test('N07: with two of three hosts away what is known is read, the rest and every write is 503, never 404', async (t) => {
  const { hosts, ask } = await startRack(t, three);
  const [first, second, third] = hosts as [Rack['hosts'][0], Rack['hosts'][0], Rack['hosts'][0]];
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/all', {}, 'all');
  await first.kill();
  assert.equal((await ask('PUT', '/docs/two', {}, 'two')).status, 201);
  assert.equal((await ask('DELETE', '/docs/all')).status, 204);
  await second.kill();
  await third.kill();
  await first.start();
  await until(t, async () => (await ask('GET', '/docs/all')).status === 200);
  assert.equal((await ask('GET', '/docs/two')).status, 503, 'acknowledged, and not on the host that is left');
  assert.equal((await ask('HEAD', '/other')).status, 503);
  assert.equal((await ask('PUT', '/docs/more', {}, 'x')).status, 503);
  await second.start();
  await until(t, async () => (await ask('GET', '/docs/two')).status === 200);
  await until(t, async () => (await ask('GET', '/docs/all')).status === 404);
});

test('P06: a host that is paused makes one request slow, then none; on wake it learns what it missed', async (t) => {
  const { hosts, ask } = await startRack(t, three);
  const [, second] = hosts as [unknown, Rack['hosts'][0]];
  await ask('PUT', '/docs');
  second.pause();
  assert.equal((await ask('PUT', '/docs/first', {}, 'x')).status, 201);
  const began = performance.now();
  for (const name of names(10, 'o')) {
    assert.equal((await ask('PUT', `/docs/${name}`, {}, name)).status, 201);
    assert.equal(await (await ask('GET', `/docs/${name}`)).text(), name);
  }
  const perPair = (performance.now() - began) / 10;
  assert.ok(perPair < 500, `${perPair} ms for a PUT and a GET: less than the patience with one that is away`);
  second.wake();
  await until(t, () => ending(second.objects('d2'), '.data') === 11);
});

test('a host that stood in hands over what is not its own, and lets it go', async (t) => {
  const { hosts, ask, ring } = await startRack(t, [['d1', 'd4'], ['d2'], ['d3']]);
  const [first, second] = hosts as [Rack['hosts'][0], Rack['hosts'][0]];
  await ask('PUT', '/docs');
  const standIn = (name: string) => nodesOf(ring, placeOf(ring, 'AUTH_p', 'docs', name).partition).handoffs[0]?.name;
  const own = names(50, 'o').find((name) => standIn(name) === 'd4') ?? '';
  await second.kill();
  assert.equal((await ask('PUT', `/docs/${own}`, {}, 'text')).status, 201);
  assert.equal(ending(first.objects('d4'), '.data'), 1);
  await second.start();
  await until(t, () => ending(second.objects('d2'), '.data') === 1 && first.objects('d4').length === 0);
  await until(t, async () => (await ask('GET', `/docs/${own}`)).status === 200);
});
