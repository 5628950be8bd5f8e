/** The line between controller, broker and host is slow, lossy, cut or reset: what was asked ends well, nothing is left over. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openBus } from '#shared/bus/open.ts';
import { startCloud, until } from '../fakes/compute-cloud.ts';
import { type Line, type TcpProxy, tcpProxy } from '../fakes/tcp-proxy.ts';

const amqp = process.env.WATTLE_TEST_AMQP;
const skip = amqp ? false : 'WATTLE_TEST_AMQP names no broker';

/** A cloud whose host reaches the broker by such a line; the controller is beside the broker. */
async function open(t: TestContext, line: Line) {
  const url = new URL(amqp as string);
  const proxy = await tcpProxy(t, { host: url.hostname, port: Number(url.port || 5672) }, line);
  const bus = await openBus(url.href);
  t.after(() => bus.close());
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  const hostBus = await openBus(`${url.href}?heartbeat=1`);
  t.after(() => hostBus.close());
  const cloud = await startCloud(t, { bus, database: 'sqlite::memory:', config: { answerMs: 60_000 } });
  const host = cloud.startHost({}, `kvm-${process.pid}-${Date.now()}`, {}, hostBus);
  await until(() => cloud.placement.providers.size === 1, 30_000);
  return { cloud, host, proxy, hostBus };
}

/** Servers are built, stopped and deleted, again until the fault has happened often enough. */
async function story(t: TestContext, line: Line, fault: (proxy: TcpProxy) => void = () => {}): Promise<void> {
  const { cloud, host, proxy } = await open(t, line);
  let faults = 0;
  const again = setInterval(() => {
    faults += 1;
    fault(proxy);
  }, 700);
  t.after(() => clearInterval(again));
  const shows = (id: string, status: string) => until(async () => (await cloud.show(id)).status === status, 60_000);
  do {
    const ids = await Promise.all([1, 2, 3].map(async () => (await cloud.launch()).body.server.id as string));
    for (const id of ids) await shows(id, 'ACTIVE');
    const [first = ''] = ids;
    await cloud.act(first, { 'os-stop': null });
    await shows(first, 'SHUTOFF');
    assert.equal(host.guests.size, 3);
    for (const id of ids) await cloud.ask('DELETE', `/v2.1/servers/${id}`);
    await until(async () => (await cloud.openTasks()) === 0, 60_000);
    assert.equal(host.guests.size + cloud.network.ports.size + cloud.placement.claims.size, 0);
  } while (faults < 3);
}

test('N08: a line that loses a hundredth of what is sent', { skip }, (t) => story(t, { lostOf: 100 }));
test('N08: a line that loses a third of what is sent', { skip }, (t) => story(t, { lostOf: 3 }));
test('N09: a line with 200 ms on its way', { skip }, (t) => story(t, { latencyMs: 100 }));
test('N09: a line of 256 kbit/s', { skip }, (t) => story(t, { bytesPerSecond: 32_000 }));
test('N10: every connection is reset again and again', { skip }, (t) => story(t, {}, (proxy) => proxy.reset()));

for (const [direction, words] of [
  ['down', 'that can be heard but does not hear'],
  ['up', 'that hears but cannot be heard'],
] as const)
  test(`N01, N03: a host ${words} lets its guests run, and does each thing once when the line heals`, {
    skip,
  }, async (t) => {
    const { cloud, host, proxy, hostBus } = await open(t, {});
    const running = (await cloud.launch()).body.server.id as string;
    await until(async () => (await cloud.show(running)).status === 'ACTIVE', 30_000);
    proxy.cut(direction);
    const late = (await cloud.launch()).body.server.id as string;
    assert.equal((await cloud.ask('DELETE', `/v2.1/servers/${running}`)).status, 204);
    await until(() => hostBus.listeningSince() === undefined, 30_000);
    assert.deepEqual([...host.guests.keys()], [running], 'the guest runs on meanwhile');
    proxy.heal();
    await until(async () => (await cloud.show(late)).status === 'ACTIVE', 60_000);
    await cloud.isGone(running);
    assert.deepEqual([...host.guests.keys()], [late]);
  });
