import assert from 'node:assert/strict';
import { test } from 'node:test';
import { questionTo } from '#shared/contracts/compute-agent.ts';
import { startCloud, until } from '../../../test/fakes/compute-cloud.ts';
import { redeemConsole } from './store.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

async function withServer(t: Parameters<typeof startCloud>[0]) {
  const cloud = await startCloud(t);
  cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const { body } = await cloud.launch();
  return { cloud, id: (await cloud.settled(body.server.id)).id as string };
}

test('a console’s token opens it once', async (t) => {
  const { cloud, id } = await withServer(t);
  const wish = { remote_console: { protocol: 'vnc', type: 'novnc' } };
  const { body } = await cloud.ask('POST', `/v2.1/servers/${id}/remote-consoles`, { version: '2.8', body: wish });
  const path = new URL(body.remote_console.url).searchParams.get('path') ?? '';
  const token = new URLSearchParams(path).get('token') ?? '';
  assert.equal((await redeemConsole(cloud.compute.db, token))?.serverId, id);
  assert.equal(await redeemConsole(cloud.compute.db, token), undefined);
});

test('the old action gives the URL until 2.5', async (t) => {
  const { cloud, id } = await withServer(t);
  const ask = (version: string) => cloud.act(id, { 'os-getVNCConsole': { type: 'novnc' } }, { version });
  assert.match((await ask('2.5')).body.console.url, /token/);
  assert.equal((await ask('2.6')).status, 400);
});

test('the log is what the host says; a host that is silent is a 409 that names it', async (t) => {
  const { cloud, id } = await withServer(t);
  const silent = await cloud.act(id, { 'os-getConsoleOutput': {} });
  assert.equal(silent.status, 409);
  assert.match(silent.body.conflictingRequest.message, /kvm1/);
  cloud.compute.bus.onAsk(questionTo('kvm1', 'consoleLog'), async ({ length }: { length: number | null }) => ({
    output: `last ${length}`,
  }));
  const { body } = await cloud.act(id, { 'os-getConsoleOutput': { length: 5 } });
  assert.deepEqual(body, { output: 'last 5' });
});
