import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, NoAnswer } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import type { Run } from '#shared/workflow/workflow.ts';
import { wallClock } from '../../test/fakes/steady-clock.ts';
import { startAgent } from './agent.ts';
import type { Contract, HostSpec } from './contract.ts';
import { HostAway, hostsOf, ignoreHostAway, serveAgents } from './hosts.ts';
import { ensureHostWorkTable } from './work.ts';

interface Driver {
  ensure(spec: HostSpec): Promise<void>;
}
const contract: Contract<Driver> = { service: 'test', verbs: ['ensure'] };
const answerMs = 200;

/** A bus with outages, in which notifications are lost and calls fail. */
function interruptibleBus(): Bus & { leave(): void; comeBack(): void } {
  const memory = memoryBus();
  let since: number | undefined = Date.now();
  return {
    ...memory,
    listeningSince: () => since,
    notify: (address) => since !== undefined && memory.notify(address),
    call: async (...args) => {
      if (since === undefined) throw new NoAnswer('the bus is unreachable');
      return memory.call(...args);
    },
    leave: () => {
      since = undefined;
    },
    comeBack: () => {
      since = Date.now();
    },
  };
}

async function open(t: TestContext, more: { forgivenMs?: number } = {}) {
  const db = openDatabase('sqlite::memory:');
  const bus = interruptibleBus();
  await ensureHostWorkTable(db);
  const offs = serveAgents(bus, db, contract.service);
  t.after(() => db.destroy());
  t.after(() => {
    for (const off of offs) off();
  });
  const hosts = hostsOf({ contract, db, bus, answerMs, pollMs: 10, ...more });
  /** Work of a task with a deadline of `withinMs`. */
  const spec = (operationId: string, withinMs = 10_000) => {
    const commit: Run['commit'] = (work) => db.transaction(work);
    const signal = AbortSignal.timeout(withinMs);
    const run = { taskId: operationId, operationId, requestId: '', log: silentLog(), signal, commit } as Run;
    return hosts.on('kvm-1', run).ensure({ id: operationId });
  };
  const startHost = (never: readonly string[] = []) => {
    const driver: Driver = { ensure: ({ id }) => (never.includes(id) ? new Promise(() => {}) : Promise.resolve()) };
    const agent = startAgent({ contract, bus, host: 'kvm-1', driver, log: silentLog(), everyMs: 20 });
    t.after(agent.close);
  };
  return { bus, spec, startHost };
}

test('a host that does not answer is a Fault; only its details have the name of the host', async (t) => {
  const { spec } = await open(t);
  await assert.rejects(spec('build'), (error: HostAway) => {
    assert.ok(error instanceof HostAway);
    assert.equal(error.message, 'The host did not answer within 0.2 s.');
    assert.equal(error.details, 'Host kvm-1 did not answer within 0.2 s.');
    return true;
  });
});

test('B03: time without the bus is not counted: the host has its whole time when the bus is back', async (t) => {
  const { bus, spec, startHost } = await open(t);
  bus.leave();
  let ended = false;
  const asked = spec('build').finally(() => {
    ended = true;
  });
  startHost();
  const longAfter = Date.now() + 3 * answerMs;
  while (Date.now() < longAfter) await sleep(10);
  assert.equal(ended, false, 'three times as long as a host may take');
  bus.comeBack();
  await asked;
});

test('a long outage of the bus does not delay a clean-up: its work is left to the host', async (t) => {
  const { bus, spec } = await open(t, { forgivenMs: answerMs });
  bus.leave();
  await ignoreHostAway(spec('delete'));
});

test('the deadline of the task bounds the wait during an outage of the bus', async (t) => {
  const { bus, spec } = await open(t);
  bus.leave();
  await assert.rejects(spec('build', 2 * answerMs), { name: 'TimeoutError' });
});

for (const [id, ms] of [
  ['C01', 600_000],
  ['C02', -600_000],
] as const)
  test(`${id}: a host keeps its whole time to answer, and no more, when the wall clock is set by ${ms / 60_000} minutes`, async (t) => {
    const clock = wallClock(t);
    const { spec, startHost } = await open(t);
    const [answered, silent] = [spec('build'), spec('later')];
    const late = assert.rejects(silent, HostAway);
    clock.step(ms);
    startHost(['later']);
    await answered;
    await late;
  });
