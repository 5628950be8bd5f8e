import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callAddress } from '#shared/contracts/compute-agent.ts';
import { startCloud, until } from '../../../test/fakes/compute-cloud.ts';
import { rowsHolding } from '../../../test/fakes/planted.ts';
import { redeemConsole } from './store.ts';

const remote = { remote_console: { protocol: 'vnc', type: 'novnc' } };
const tokenIn = (url: string) => new URLSearchParams(new URL(url).searchParams.get('path') ?? '').get('token') ?? '';

process.env.WATTLE_CHECK_ANSWERS = '1';

async function withServer(t: Parameters<typeof startCloud>[0]) {
  const cloud = await startCloud(t);
  cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const { body } = await cloud.launch();
  return { cloud, id: (await cloud.ended(body.server.id)).id as string };
}

test('OSSA-2013-006: a console token is valid once', async (t) => {
  const { cloud, id } = await withServer(t);
  const input = { remote_console: { protocol: 'vnc', type: 'novnc' } };
  const { body } = await cloud.ask('POST', `/v2.1/servers/${id}/remote-consoles`, { version: '2.8', body: input });
  const path = new URL(body.remote_console.url).searchParams.get('path') ?? '';
  const token = new URLSearchParams(path).get('token') ?? '';
  assert.equal((await redeemConsole(cloud.compute.db, token))?.serverId, id);
  assert.equal(await redeemConsole(cloud.compute.db, token), undefined);
});

test('the old action gives the URL until 2.5', async (t) => {
  const { cloud, id } = await withServer(t);
  const ask = (version: string) => cloud.act(id, { 'os-getVNCConsole': { type: 'novnc' } }, { version });
  assert.match((await ask('2.5')).body.console.url, /token/);
  assert.equal((await ask('2.6')).status, 404);
});

test('OSSA-2019-003: the console log comes from the host; a host that does not answer is a 409 without its name', async (t) => {
  const { cloud, id } = await withServer(t);
  const silent = await cloud.act(id, { 'os-getConsoleOutput': {} });
  assert.equal(silent.status, 409);
  assert.match(silent.body.conflictingRequest.message, /does not answer/);
  assert.doesNotMatch(silent.body.conflictingRequest.message, /kvm1/);
  cloud.compute.bus.onCall(callAddress('kvm1', 'consoleLog'), async ({ length }: { length: number | null }) => ({
    output: `last ${length}`,
  }));
  const { body } = await cloud.act(id, { 'os-getConsoleOutput': { length: 5 } });
  assert.deepEqual(body, { output: 'last 5' });
});

test('OSSN-0008: the number of unused consoles of a server is limited, also for parallel requests', async (t) => {
  const { cloud, id } = await withServer(t);
  const ask = () => cloud.ask('POST', `/v2.1/servers/${id}/remote-consoles`, { version: '2.8', body: remote });
  const answers = await Promise.all(Array.from({ length: 40 }, ask));
  const open = answers.filter(({ status }) => status === 200);
  assert.equal(open.length, 10);
  assert.match(answers.find(({ status }) => status === 429)?.body.overLimit.message, /10 unused consoles of instance/);
  const [first] = open;
  assert.ok(await redeemConsole(cloud.compute.db, tokenIn(first?.body.remote_console.url)));
  assert.equal((await ask()).status, 200, 'one was opened');
  const other = await cloud.launch();
  const { id: another } = await cloud.ended(other.body.server.id);
  const request = { version: '2.8', body: remote };
  assert.equal((await cloud.ask('POST', `/v2.1/servers/${another}/remote-consoles`, request)).status, 200);
});

test('OSSA-2013-006, OSSA-2014-024: the token of a deleted server is refused, and no row holds a token', async (t) => {
  const { cloud, id } = await withServer(t);
  const { body } = await cloud.ask('POST', `/v2.1/servers/${id}/remote-consoles`, { version: '2.8', body: remote });
  const token = tokenIn(body.remote_console.url);
  assert.deepEqual(
    await rowsHolding(cloud.compute.db, [token]),
    [],
    'only its hash, which is looked up and not compared',
  );
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.isGone(id);
  assert.equal(await redeemConsole(cloud.compute.db, token), undefined);
});
