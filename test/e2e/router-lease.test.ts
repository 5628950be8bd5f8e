/** Routers move between gateway hosts, and never run on two: the service and the leases of agents, with a kernel that is simulated. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { admin, type Cloud, type Json, startCloud, until } from '../../services/network/cloud.test.ts';
import { openRouterLease } from '../../services/network-agent/drivers/router-lease.ts';
import type { Bus } from '../../shared/bus/bus.ts';
import { silentLog } from '../../shared/log/log.ts';

const lastingKey = 1;
const gatewayLeaseMs = 2_000;

/** What the kernel of a host does: it forgets an armed key by itself. */
function simulatedKernel() {
  const armed = new Set([lastingKey]);
  let granted = { routers: new Set<string>(), key: 0 };
  return {
    arm: async (key: number, ms: number) => {
      armed.add(key);
      setTimeout(() => armed.delete(key), ms).unref();
    },
    open: async (routers: ReadonlySet<string>, key: number) => {
      granted = { routers: new Set(routers), key };
    },
    sends: (id: string) => armed.has(granted.key) && granted.routers.has(id),
  };
}

/** A host with a NIC whose agent holds the lease of its routers, and which can be cut off. */
async function startGateway(t: TestContext, cloud: Cloud, host: string, weight = 1) {
  const stateDir = await mkdtemp(join(tmpdir(), 'wattle-lease-'));
  t.after(() => rm(stateDir, { recursive: true }));
  const kernel = simulatedKernel();
  const more = { gatewayWeight: weight, physicalNetworks: ['public'] };
  let agent = cloud.startHost(host, {}, undefined, undefined, more);
  await cloud.hostIsKnown(host);
  let isCut = false;
  const bus: Bus = {
    ...cloud.network.bus,
    call: (...call) => (isCut ? Promise.reject(new Error('cut off')) : cloud.network.bus.call(...call)),
  };
  const open = () =>
    openRouterLease({ bus, host, stateDir, log: silentLog(), gateway: kernel, lastingKey, firstKey: lastingKey + 1 });
  let lease = await open();
  t.after(() => lease.close());
  const cut = async () => {
    isCut = true;
    await agent.stop();
  };
  const join_ = () => {
    isCut = false;
    agent = cloud.startHost(host, {}, undefined, undefined, more);
  };
  const restart = async () => {
    await lease.close();
    lease = await open();
  };
  return { host, kernel, cut, join: join_, restart };
}

type Gateway = Awaited<ReturnType<typeof startGateway>>;

/** Fails when two hosts run a router at one time. */
function watch(t: TestContext, gateways: readonly Gateway[], id: string) {
  const doubled: string[] = [];
  const timer = setInterval(() => {
    const hosts = gateways.filter(({ kernel }) => kernel.sends(id)).map(({ host }) => host);
    if (hosts.length > 1) doubled.push(hosts.join(' and '));
  }, 2);
  t.after(() => clearInterval(timer));
  return () => {
    clearInterval(timer);
    assert.deepEqual(doubled, []);
  };
}

const settings = { externalOnHost: false, hostDownMs: 3_000, gatewayLeaseMs };
const hostOf = async (cloud: Cloud, id: string) => (await cloud.db('routers').where({ id }).first('host')).host;

async function withGateways(t: TestContext, weights: readonly number[]) {
  const cloud = await startCloud(t, { settings });
  const gateways: Gateway[] = [];
  for (const [at, weight] of weights.entries()) gateways.push(await startGateway(t, cloud, `gw-${at + 1}`, weight));
  const makeRouter = async (): Promise<string> =>
    (
      (await cloud.make('routers', {
        router: { name: 'r', external_gateway_info: await publicNetwork(cloud) },
      })) as Json & { id: string }
    ).id;
  const runsOn = (id: string) => gateways.filter(({ kernel }) => kernel.sends(id)).map(({ host }) => host);
  return { cloud, gateways, makeRouter, runsOn };
}

async function publicNetwork(cloud: Cloud) {
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  return { network_id: (await cloud.list('networks?name=public'))[0]?.id };
}

test('a router of a host that is cut off runs on another within ten seconds, and never on both; back, the host runs nothing', async (t) => {
  const { cloud, gateways, makeRouter, runsOn } = await withGateways(t, [1, 1]);
  const id = await makeRouter();
  const first = await hostOf(cloud, id);
  const [one, two] = gateways.toSorted((a) => (a.host === first ? -1 : 1)) as [Gateway, Gateway];
  await until(() => runsOn(id).join() === one.host);
  const check = watch(t, gateways, id);
  const began = performance.now();
  await one.cut();
  await until(() => runsOn(id).join() === two.host);
  const tookMs = Math.round(performance.now() - began);
  t.diagnostic(`a router moves ${tookMs} ms after its host was cut off (lease ${gatewayLeaseMs} ms)`);
  assert.ok(tookMs < 10_000);
  assert.equal(await hostOf(cloud, id), two.host);
  one.join();
  await until(async () => !(await cloud.db('statements').where({ host: one.host }).first()));
  assert.deepEqual(runsOn(id), [two.host]);
  check();
});

test('without any answer from this service a single gateway host goes on; one of several stops, and goes on when it answers', async (t) => {
  const { cloud, gateways, makeRouter, runsOn } = await withGateways(t, [1]);
  const id = await makeRouter();
  const [one] = gateways as [Gateway];
  await until(() => runsOn(id).length === 1);
  await one.cut();
  await new Promise((resolve) => setTimeout(resolve, 1.5 * gatewayLeaseMs));
  assert.deepEqual(runsOn(id), ['gw-1']);
  await one.restart();
  assert.deepEqual(runsOn(id), ['gw-1'], 'also after a restart of its agent');
  gateways.push(await startGateway(t, cloud, 'gw-2'));
  await new Promise((resolve) => setTimeout(resolve, 2 * gatewayLeaseMs));
  assert.equal(await hostOf(cloud, id), 'gw-1', 'nobody takes over from a host that may go on');
  one.join();
  await until(async () => (await cloud.db('router_leases').where({ host: 'gw-1', lasting: false })).length === 1);
  const check = watch(t, gateways, id);
  await one.cut();
  await until(() => runsOn(id).join() === 'gw-2');
  check();
});

test('routers are shared by weight, and a host of weight 0 has none', async (t) => {
  const { cloud, makeRouter } = await withGateways(t, [1, 3, 0]);
  const hosts: string[] = [];
  for (let count = 0; count < 8; count += 1) hosts.push(await hostOf(cloud, await makeRouter()));
  const on = (host: string) => hosts.filter((each) => each === host).length;
  assert.deepEqual([on('gw-1'), on('gw-2'), on('gw-3')], [2, 6, 0]);
});

test('a restart of the agent, and a request that is answered late, open nothing that was moved', async (t) => {
  const { cloud, gateways, makeRouter, runsOn } = await withGateways(t, [1, 1]);
  const id = await makeRouter();
  await until(() => runsOn(id).length === 1);
  const [holder] = gateways.filter(({ kernel }) => kernel.sends(id)) as [Gateway];
  const check = watch(t, gateways, id);
  for (let times = 0; times < 5; times += 1) await holder.restart();
  await until(() => runsOn(id).join() === holder.host);
  const { boot, seq } = await cloud.db('router_leases').where({ host: holder.host }).first();
  const late = { host: holder.host, boot, seq: Math.max(0, seq - 1), armedMs: 1, applied: null };
  await assert.rejects(cloud.network.bus.call('network.renew-router-lease', late), /A later request/);
  check();
});

test('an administrator moves a router between agents, and it runs on one at a time', async (t) => {
  const { cloud, gateways, makeRouter, runsOn } = await withGateways(t, [1, 1]);
  const id = await makeRouter();
  await until(() => runsOn(id).length === 1);
  const agents = await cloud.list('agents', admin);
  const from = agents.find(({ host }) => host === runsOn(id)[0]);
  const to = agents.find(({ id: each }) => each !== from?.id);
  const hosting = async () => (await cloud.list(`routers/${id}/l3-agents`, admin)).map((each) => each.id);
  const ask = (method: string, agent: string | undefined, path = '', body?: unknown) =>
    cloud.ask(method, `/v2.0/agents/${agent}/l3-routers${path}`, body, admin);
  assert.deepEqual(await hosting(), [from?.id]);
  const check = watch(t, gateways, id);
  const taken = await ask('POST', to?.id, '', { router_id: id });
  assert.deepEqual([taken.status, (taken.body.NeutronError as Json).type], [409, 'RouterHostedByL3Agent']);
  assert.equal((await ask('DELETE', to?.id, `/${id}`)).status, 409, 'it is not there');
  assert.equal((await ask('DELETE', from?.id, `/${id}`)).status, 204);
  assert.deepEqual(await hosting(), []);
  await cloud.ask('PUT', `/v2.0/agents/${to?.id}`, { agent: { admin_state_up: false } }, admin);
  const disabled = await ask('POST', to?.id, '', { router_id: id });
  assert.match(String((disabled.body.NeutronError as Json).message), /is disabled by an administrator/);
  await cloud.ask('PUT', `/v2.0/agents/${to?.id}`, { agent: { admin_state_up: true } }, admin);
  assert.equal((await ask('POST', to?.id, '', { router_id: id })).status, 201);
  await until(() => runsOn(id).join() === to?.host);
  const [shown] = await cloud.list(`agents/${to?.id}/l3-routers`, admin);
  assert.equal(shown?.id, id);
  assert.equal((await cloud.ask('GET', `/v2.0/agents/${to?.id}/l3-routers`)).status, 403);
  check();
});
