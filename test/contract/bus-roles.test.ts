/**
 * The rights of each role's user on the broker, as the set-up grants them. WATTLE_TEST_AMQP is the broker; it has users of
 * all roles, with host `test-host`, with the same password.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelModel, connect } from 'amqplib';
import { type Bus, NoAnswer, requireHost, requireSender, type Sender } from '#shared/bus/bus.ts';
import { openBus } from '#shared/bus/open.ts';
import { openDatabase } from '#shared/db/open.ts';
import { Fault } from '#shared/errors/fault.ts';
import { address, type OpenWork } from '#shared/hosts/contract.ts';
import { serveAgents } from '#shared/hosts/hosts.ts';
import { ensureHostWorkTable, ensureWork, getWork } from '#shared/hosts/work.ts';

const amqp = process.env.WATTLE_TEST_AMQP ?? '';
const skip = amqp ? false : 'WATTLE_TEST_AMQP names no broker';
const urlFor = (user: string) => amqp.replace('://tests:', `://${user}:`);
const agent = 'compute-agent.test-host';
const otherAgent = 'volume-agent.test-host';

async function busAs(t: TestContext, user: string): Promise<Bus> {
  const bus = await openBus(urlFor(user), undefined, user);
  t.after(() => bus.close());
  return bus;
}

/** A connection that does not use Wattle's code, as an intruder's. */
async function rawAs(t: TestContext, user: string): Promise<ChannelModel> {
  const connection = await connect(urlFor(user));
  connection.on('error', () => {});
  t.after(() => connection.close().catch(() => {}));
  return connection;
}

/** The broker's refusal; undefined when it allowed the operation. */
async function refusal(connection: ChannelModel, work: string, act: (channel: Channel) => Promise<unknown>) {
  const channel = await connection.createConfirmChannel();
  const closed = new Promise<Error>((resolve) => channel.once('error', resolve));
  const done = act(channel).then(
    () => undefined,
    (error: Error) => error,
  );
  const error = await Promise.race([closed, done]);
  await channel.close().catch(() => {});
  return error === undefined ? undefined : `${work}: ${error.message.match(/ACCESS_REFUSED|PRECONDITION_FAILED/)?.[0]}`;
}
type Channel = Awaited<ReturnType<ChannelModel['createConfirmChannel']>>;

/** Calls until the address is served, which begins shortly after `onCall`. */
async function callWhenServed<Answer>(bus: Bus, at: string, request: unknown): Promise<Answer> {
  for (const giveUp = Date.now() + 10_000; ; await sleep(10))
    try {
      return await bus.call<Answer>(at, request);
    } catch (error) {
      if (!(error instanceof NoAnswer) || Date.now() > giveUp) throw error;
    }
}

const forbidden = (error: unknown) => error instanceof Fault && error.status === 403;

test('a call has the sender that the broker verified', { skip }, async (t) => {
  const [service, host] = [await busAs(t, 'compute'), await busAs(t, agent)];
  const at = `compute.${randomBytes(4).toString('hex')}`;
  const senders: Sender[] = [];
  t.after(
    service.onCall(at, async (_request, sender) => {
      senders.push(sender);
    }),
  );
  await callWhenServed(host, at, {});
  assert.deepEqual(senders, [agent]);
});

test('a host reads and finishes only its own work', { skip }, async (t) => {
  const db = openDatabase('sqlite::memory:');
  t.after(() => db.destroy());
  await ensureHostWorkTable(db);
  await ensureWork(db, 'test-host', { id: 'mine', verb: 'ensure', spec: { id: 'a' } });
  await ensureWork(db, 'other', { id: 'theirs', verb: 'ensure', spec: { id: 'b' } });
  const service = await busAs(t, 'compute');
  for (const off of serveAgents(service, db, 'compute')) t.after(off);
  const host = await busAs(t, agent);
  const open = await callWhenServed<OpenWork[]>(host, address.open('compute'), { host: 'test-host', report: null });
  assert.deepEqual(
    open.map(({ id }) => id),
    ['mine'],
  );
  const outcome = { result: 'stolen' };
  await assert.rejects(host.call(address.open('compute'), { host: 'other', report: null }), forbidden);
  await assert.rejects(host.call(address.finish('compute'), { id: 'theirs', host: 'other', outcome }), forbidden);
  await host.call(address.finish('compute'), { id: 'theirs', host: 'test-host', outcome });
  assert.equal((await getWork(db, 'theirs')).outcome, null, 'it is not its own');
  const another = await busAs(t, otherAgent);
  await assert.rejects(another.call(address.open('compute'), { host: 'test-host', report: null }), forbidden);
});

test('no role can send as another, or serve an address of another', { skip }, async (t) => {
  const raw = await rawAs(t, otherAgent);
  const queue = 'wattle.ask.compute.open-work';
  const publish = (channel: Channel, userId: string) =>
    new Promise((resolve, reject) => {
      channel.publish('', queue, Buffer.from('{}'), { userId }, (error) => (error ? reject(error) : resolve(true)));
    });
  assert.equal(
    await refusal(raw, 'as another', (channel) => publish(channel, agent)),
    'as another: PRECONDITION_FAILED',
  );
  const attempts: Record<string, (channel: Channel) => Promise<unknown>> = {
    'declares the call queue of a service': (channel) =>
      channel.assertQueue(queue, { durable: true, autoDelete: true }),
    'reads the call queue of a service': (channel) => channel.consume(queue, () => {}),
    'reads the call queue of another agent': (channel) => channel.get('wattle.ask.compute-agent.test-host.vncSocket'),
    'removes the exchange of notifications': (channel) => channel.deleteExchange('wattle.hints'),
    'reads events': (channel) => channel.get('wattle.notifications'),
    'writes events': (channel) =>
      new Promise((resolve, reject) => {
        channel.publish('wattle.notifications', 'x', Buffer.from('{}'), {}, (error) =>
          error ? reject(error) : resolve(true),
        );
      }),
  };
  for (const [work, act] of Object.entries(attempts))
    assert.equal(await refusal(raw, work, act), `${work}: ACCESS_REFUSED`);
});

test('a call without a sender is refused where each role has its own user', { skip }, async (t) => {
  const service = await busAs(t, 'compute');
  const unverified = await openBus(amqp);
  t.after(() => unverified.close());
  const at = `compute.${randomBytes(4).toString('hex')}`;
  t.after(service.onCall(at, async () => 'a secret'));
  await assert.rejects(callWhenServed(unverified, at, {}), forbidden);
});

test('senders are compared by their whole name', () => {
  requireSender('network-agent.kvm-1', 'network-agent');
  requireSender(undefined, 'network-agent');
  requireHost('compute-agent.kvm-1', 'compute-agent', 'kvm-1');
  assert.throws(() => requireSender('network-agentx', 'network-agent'), forbidden);
  assert.throws(() => requireSender('compute', 'network-agent'), forbidden);
  assert.throws(() => requireHost('compute-agent.kvm-1', 'compute-agent', 'kvm-10'), forbidden);
  assert.throws(() => requireHost('volume-agent.kvm-1', 'compute-agent', 'kvm-1'), forbidden);
});
