import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'amqplib';
import { openBus } from '#shared/bus/open.ts';
import { openIdentity } from '../fakes/identity.ts';
import { until } from './story/cloud.ts';

const amqp = process.env.WATTLE_TEST_AMQP;

interface Event {
  readonly id: string;
  readonly action: string;
  readonly outcome: string;
  readonly initiator: { readonly id: string };
  readonly target: { readonly id: string };
}

const eventsIn = (file: string): Event[] =>
  (existsSync(file) ? readFileSync(file, 'utf8') : '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);

test('logins and writes are events with user, resource and outcome, and without secrets', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const auditFile = join(folder, 'audit.log');
  const world = await openIdentity(t, { auditFile });
  const ann = await world.person('ann', ['member']);
  await world.logIn({ id: ann.id, password: 'wrong-secret' });
  await world.ask('PATCH', `/users/${ann.id}`, { token: ann.token, body: { user: { name: 'x' } } });
  const events = () => eventsIn(auditFile);
  await until('all events are written', async () => events().some(({ action }) => action === 'updated.user'), 15_000);
  const said = events().map(({ action, outcome }) => `${action} ${outcome}`);
  for (const line of ['authenticate success', 'authenticate failure', 'created.user success', 'updated.user failure'])
    assert.ok(said.includes(line), `${line} in ${said.join(', ')}`);
  const made = events().find(({ action }) => action === 'created.user');
  assert.equal(made?.target.id, ann.id);
  assert.equal(events().find(({ action }) => action === 'updated.user')?.initiator.id, ann.id);
  assert.ok(!/wrong-secret|ann-password|eyJ/.test(readFileSync(auditFile, 'utf8')));
});

/** All messages in the queue and those to come; unacknowledged ones are requeued when the reader ends. */
async function readQueue(t: TestContext, url: string) {
  const heard: { readonly topic: string; readonly event: Event }[] = [];
  const connection = await connect(url);
  t.after(() => connection.close());
  const channel = await connection.createChannel();
  await channel.consume('wattle.notifications', (message) => {
    if (message) heard.push({ topic: message.fields.routingKey, event: JSON.parse(message.content.toString()) });
  });
  return heard;
}

test('each event of the file is in the queue of the broker', {
  skip: amqp ? false : 'WATTLE_TEST_AMQP names no broker',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const auditFile = join(folder, 'audit.log');
  const bus = await openBus(amqp ?? '');
  const world = await openIdentity(t, { auditFile }, { bus });
  t.after(() => bus.close());
  const ann = await world.person('ann', ['member']);
  await world.logIn({ id: ann.id, password: 'wrong-secret' });
  await world.ask('DELETE', `/users/${ann.id}`, { token: await world.admin() });
  const isWritten = async () => eventsIn(auditFile).some(({ action }) => action === 'deleted.user');
  await until('the last event is written', isWritten, 15_000);

  const written = eventsIn(auditFile);
  const heard = await readQueue(t, amqp ?? '');
  const ids = new Set(written.map(({ id }) => id));
  // the broker is shared and has events of others
  const ours = () => heard.filter(({ event }) => ids.has(event.id));
  await until('the queue has as many', async () => ours().length >= written.length, 15_000);
  assert.deepEqual(
    ours().map(({ event }) => event),
    written,
  );
  const topics = ours().map(({ topic }) => topic);
  for (const topic of ['identity.authenticate', 'identity.user.created', 'identity.user.deleted'])
    assert.ok(topics.includes(topic), `${topic} in ${topics.join(', ')}`);
});
