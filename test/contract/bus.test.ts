/** The contract of the bus, run against both drivers. WATTLE_TEST_AMQP is amqp://user:password@host:port. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectAmqp } from 'amqplib';
import { type Bus, NoAnswer } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { openBus } from '#shared/bus/open.ts';
import { Fault } from '#shared/errors/fault.ts';

const amqp = process.env.WATTLE_TEST_AMQP;
const noBroker = amqp ? false : 'WATTLE_TEST_AMQP names no broker';

/** Waits for a condition; fails after 20 s. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < giveUp, `condition not met: ${holds}`);
    await sleep(5);
  }
}

/** An address that no earlier run used: the broker may still have its queue. */
const fresh = (name: string) => `test.${randomBytes(4).toString('hex')}.${name}`;

/** Two buses, as of two processes; in memory both are the same one. */
async function open(t: TestContext, kind: 'memory' | 'rabbit'): Promise<[Bus, Bus]> {
  const memory = memoryBus();
  const rabbit = () => openBus(amqp as string);
  const buses: [Bus, Bus] = kind === 'memory' ? [memory, memory] : [await rabbit(), await rabbit()];
  t.after(() => Promise.all(buses.map((bus) => bus.close())));
  return buses;
}

/** Calls until the address is served, which begins shortly after `onCall`. */
async function callWhenServed(bus: Bus, address: string, request: unknown): Promise<unknown> {
  let answer: unknown;
  await until(async () => {
    answer = await bus.call(address, request).catch((error) => error);
    return !(answer instanceof NoAnswer);
  });
  if (answer instanceof Error) throw answer;
  return answer;
}

for (const kind of ['memory', 'rabbit'] as const) {
  const check = (name: string, body: (t: TestContext) => Promise<void>) =>
    test(`${kind}: ${name}`, { skip: kind === 'rabbit' && noBroker }, body);

  check('a notification reaches all listeners of its address and no others', async (t) => {
    const [one, two] = await open(t, kind);
    const heard = { one: 0, two: 0, elsewhere: 0, gone: 0 };
    const address = fresh('work');
    one.onNotify(address, () => (heard.one += 1));
    two.onNotify(address, () => (heard.two += 1));
    two.onNotify(`${address}.elsewhere`, () => (heard.elsewhere += 1));
    const off = two.onNotify(address, () => (heard.gone += 1));
    off();
    await until(() => {
      one.notify(address);
      return heard.one > 0 && heard.two > 0;
    });
    assert.deepEqual([heard.elsewhere, heard.gone], [0, 0]);
  });

  check('an address may be longer than a routing key', async (t) => {
    const [one, two] = await open(t, kind);
    const address = fresh('x'.repeat(300));
    let heard = false;
    two.onNotify(address, () => {
      heard = true;
    });
    await until(() => {
      one.notify(address);
      return heard;
    });
  });

  check('a call gets its reply, as a copy', async (t) => {
    const [one, two] = await open(t, kind);
    const address = fresh('echo');
    two.onCall(address, async (request: { at: Date }) => ({ request, nothing: undefined }));
    const answer = await callWhenServed(one, address, { at: new Date(0) });
    assert.deepEqual(answer, { request: { at: '1970-01-01T00:00:00.000Z' } });
    assert.equal(await one.call(address, {}).then((it) => 'nothing' in (it as object)), false);
  });

  check('a reply of undefined arrives as null', async (t) => {
    const [one, two] = await open(t, kind);
    const address = fresh('void');
    two.onCall(address, async () => undefined);
    assert.equal(await callWhenServed(one, address, undefined), null);
  });

  check('a Fault arrives as a Fault, of any other error only the message', async (t) => {
    const [one, two] = await open(t, kind);
    const address = fresh('refuse');
    const fault = new Fault(409, 'conflict', 'No room.', { type: 'NoRoom', headers: { 'retry-after': '3' } });
    two.onCall(address, async (how) => {
      throw how === 'fault' ? fault : new TypeError('a bug');
    });
    await assert.rejects(callWhenServed(one, address, 'fault'), (error: Fault) => {
      assert.ok(error instanceof Fault);
      const { status, kind: faultKind, message, type, headers } = error;
      assert.deepEqual([status, faultKind, message, type], [409, 'conflict', 'No room.', 'NoRoom']);
      assert.deepEqual(headers, { 'retry-after': '3' });
      return true;
    });
    await assert.rejects(one.call(address, 'error'), { name: 'Error', message: 'a bug' });
  });

  check('a call to an address that is not served fails at once', async (t) => {
    const [one] = await open(t, kind);
    const begun = Date.now();
    await assert.rejects(one.call(fresh('unserved'), {}), NoAnswer);
    assert.ok(Date.now() - begun < 5_000);
  });

  check('a call whose reply comes after its timeout fails', async (t) => {
    const [one, two] = await open(t, kind);
    const address = fresh('slow');
    two.onCall(address, async (ms: number) => sleep(ms, 'done'));
    assert.equal(await callWhenServed(one, address, 1), 'done');
    await assert.rejects(one.call(address, 300, { timeoutMs: 20 }), NoAnswer);
  });

  check('an address that is no longer served gets no calls', async (t) => {
    const [one, two] = await open(t, kind);
    const address = fresh('leave');
    const off = two.onCall(address, async () => 'here');
    assert.equal(await callWhenServed(one, address, {}), 'here');
    off();
    await assert.rejects(one.call(address, {}, { timeoutMs: 2_000 }), NoAnswer);
  });

  check('an event is published', async (t) => {
    const [one] = await open(t, kind);
    await one.publish('compute.server.created', { id: 'a' });
    assert.ok(Date.now() >= (one.listeningSince() ?? Number.POSITIVE_INFINITY));
  });
}

test('rabbit: each call goes to one of the processes that serve its address', { skip: noBroker }, async (t) => {
  const [one, two] = await open(t, 'rabbit');
  const address = fresh('shared');
  const served = { one: 0, two: 0 };
  one.onCall(address, async () => (served.one += 1));
  two.onCall(address, async () => (served.two += 1));
  await callWhenServed(one, address, {});
  const giveUp = Date.now() + 10_000; // until both serve the address, one gets all calls
  while (served.one === 0 || served.two === 0) {
    assert.ok(Date.now() < giveUp, 'one of them never gets a call');
    await one.call(address, {});
  }
  const before = served.one + served.two;
  await Promise.all(Array.from({ length: 20 }, () => one.call(address, {})));
  assert.equal(served.one + served.two, before + 20);
});

test('rabbit: a call is not delayed by the algorithm of Nagle', { skip: noBroker }, async (t) => {
  const [one, two] = await open(t, 'rabbit');
  const address = fresh('quick');
  two.onCall(address, async () => 1);
  await callWhenServed(one, address, {});
  const begun = performance.now();
  for (let n = 0; n < 50; n += 1) await one.call(address, {});
  assert.ok((performance.now() - begun) / 50 < 20, 'with Nagle it takes 42 ms');
});

/** A TCP proxy before the broker, which can be stopped, frozen and started again. */
async function interruptibleBroker(t: TestContext) {
  const target = new URL(amqp as string);
  const sockets = new Set<Socket>();
  let frozen = false;
  const accept = (near: Socket) => {
    const far = connect(Number(target.port || 5672), target.hostname);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}));
    near.pipe(far).pipe(near);
    if (frozen) freeze();
  };
  let proxy = createServer(accept).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const leave = () => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  /** Sockets stay open, new connections are accepted, and no bytes pass. */
  const freeze = () => {
    frozen = true;
    for (const socket of sockets) socket.pause();
  };
  const thaw = () => {
    frozen = false;
    for (const socket of sockets) socket.resume();
  };
  const comeBack = () => {
    proxy = createServer(accept).listen(port, '127.0.0.1');
    return once(proxy, 'listening');
  };
  t.after(leave);
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return { url: url.href, leave, comeBack, freeze, thaw };
}

test('B01: rabbit: an outage of the broker loses notifications and fails calls; both work again after it', {
  skip: noBroker,
}, async (t) => {
  const broker = await interruptibleBroker(t);
  const [near, far] = [await openBus(broker.url), await openBus(amqp as string)];
  t.after(() => Promise.all([near.close(), far.close()]));
  const [work, echo, pending] = [fresh('work'), fresh('echo'), fresh('pending')];
  let notifications = 0;
  near.onNotify(work, () => (notifications += 1));
  near.onCall(echo, async (word) => word);
  far.onCall(pending, () => new Promise(() => {}));
  assert.equal(await callWhenServed(far, echo, 'before'), 'before');

  await until(
    async () => !String(await near.call(pending, {}, { timeoutMs: 50 }).catch(String)).includes('No process serves'),
  );
  const cutOff = near.call(pending, {});
  broker.leave();
  await assert.rejects(cutOff, NoAnswer);
  await until(() => near.listeningSince() === undefined);
  near.notify(work);
  await assert.rejects(near.call(echo, {}), NoAnswer);
  await assert.rejects(near.publish('topic', {}), NoAnswer);

  notifications = 0;
  await broker.comeBack();
  await until(() => near.listeningSince() !== undefined && notifications > 0);
  assert.equal(await callWhenServed(far, echo, 'after'), 'after');
  assert.equal(await callWhenServed(near, echo, 'also'), 'also');
});

test('B08: rabbit: a frozen broker is detected after three heartbeats, and reconnected to when it goes on', {
  skip: noBroker,
}, async (t) => {
  const broker = await interruptibleBroker(t);
  const bus = await openBus(`${broker.url}?heartbeat=1`);
  t.after(() => bus.close());
  const address = fresh('echo');
  bus.onCall(address, async (word) => word);
  assert.equal(await callWhenServed(bus, address, 'before'), 'before');
  const before = bus.listeningSince() as number;
  broker.freeze();
  await until(() => bus.listeningSince() === undefined);
  await assert.rejects(bus.call(address, {}), NoAnswer);
  broker.thaw();
  await until(() => (bus.listeningSince() ?? 0) > before);
  assert.equal(await callWhenServed(bus, address, 'after'), 'after');
});

test('rabbit: a broker that is down at the start is connected to later', { skip: noBroker }, async (t) => {
  const broker = await interruptibleBroker(t);
  broker.leave();
  const bus = await openBus(broker.url);
  t.after(() => bus.close());
  assert.equal(bus.listeningSince(), undefined);
  const address = fresh('early');
  bus.onCall(address, async () => 'here');
  await broker.comeBack();
  assert.equal(await callWhenServed(bus, address, {}), 'here');
});

test('B04: rabbit: a queue that is deleted under its consumers is made again, and all is heard as before', {
  skip: noBroker,
}, async (t) => {
  const [one, two] = await open(t, 'rabbit');
  const [address, work] = [fresh('echo'), fresh('work')];
  let hints = 0;
  two.onCall(address, async (word) => word);
  two.onNotify(work, () => (hints += 1));
  assert.equal(await callWhenServed(one, address, 'before'), 'before');
  const connection = await connectAmqp(amqp as string);
  t.after(() => connection.close());
  const channel = await connection.createChannel();
  for (const round of ['first', 'second']) {
    const before = two.listeningSince() as number;
    await channel.deleteQueue(`wattle.ask.${address}`);
    await until(() => (two.listeningSince() ?? 0) > before);
    assert.equal(await callWhenServed(one, address, round), round);
    hints = 0;
    await until(() => {
      one.notify(work);
      return hints > 0;
    });
  }
});
