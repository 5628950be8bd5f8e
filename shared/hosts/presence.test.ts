import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '#shared/log/log.ts';
import { wallClock } from '../../test/fakes/steady-clock.ts';
import { type Mark, openPresence } from './presence.ts';

const hostDownMs = 200;

/** Watches hosts whose marks the test sets. */
function watch(t: TestContext, hosts: readonly string[]) {
  const marks = new Map<string, number>(hosts.map((host) => [host, Date.now()]));
  const world = { since: 1 as number | undefined, readable: true };
  const read = async (): Promise<Mark[]> => {
    if (!world.readable) throw new Error('no database');
    return [...marks].map(([host, reportedAt]) => ({ host, reportedAt }));
  };
  const bus = { listeningSince: () => world.since };
  const presence = openPresence({ read, bus, log: silentLog(), hostDownMs });
  t.after(presence.close);
  const report = (host: string, at = Date.now()) => marks.set(host, at);
  const isUp = (host: string) => presence.isUp({ host, reportedAt: marks.get(host) ?? 0 });
  /** Lets the host report until the condition holds. */
  const reportUntil = async (host: string, holds: () => boolean) => {
    for (const giveUp = performance.now() + 10_000; !holds(); await sleep(20)) {
      assert.ok(performance.now() < giveUp, String(holds));
      report(host, Date.now() + performance.now());
    }
  };
  return { world, presence, report, reportUntil, isUp };
}

test('after a start a host is given the time to report, but is not shown as up when its report is old', async (t) => {
  const { presence, report, isUp } = watch(t, []);
  report('old', Date.now() - 1_000_000);
  while (presence.silentMs('old') === 0) await sleep(5);
  assert.deepEqual([isUp('old'), presence.isAvoided('old')], [false, false]);
  while (!presence.isLost('old')) await sleep(5);
});

test('a host without a report for the deadline is lost, and up again at its next report; others stay up', async (t) => {
  const { presence, reportUntil, isUp } = watch(t, ['a', 'b']);
  assert.equal(isUp('a'), true);
  await reportUntil('b', () => presence.isLost('a'));
  assert.deepEqual([isUp('a'), presence.isAvoided('a'), isUp('b'), presence.isLost('b')], [false, true, true, false]);
  await reportUntil('a', () => isUp('a'));
  assert.equal(presence.isAvoided('a'), false);
});

test('C01, C02: a step of the clock of a host or of this process makes no host down, and hides none that is', async (t) => {
  const clock = wallClock(t);
  const { presence, report, reportUntil, isUp } = watch(t, ['a', 'b']);
  const seen: boolean[] = [];
  for (const step of [3_600_000, -7_200_000]) {
    clock.step(step);
    const end = performance.now() + 2 * hostDownMs;
    await reportUntil('b', () => {
      report('a', Date.now() + 1_000_000 + performance.now());
      seen.push(isUp('a'), isUp('b'));
      return performance.now() > end;
    });
  }
  assert.ok(seen.every((up) => up));
  clock.step(-3_600_000);
  await reportUntil('b', () => presence.isLost('a'));
});

test('a host that was lost repeatedly must report for a while before it is up', async (t) => {
  const { presence, reportUntil, isUp } = watch(t, ['a', 'b']);
  const lose = () => reportUntil('b', () => presence.isLost('a'));
  await lose();
  await reportUntil('a', () => isUp('a'));
  assert.equal(presence.heldMs('a'), 0);
  await lose();
  await reportUntil('a', () => !presence.isLost('a'));
  assert.deepEqual([isUp('a'), presence.isAvoided('a'), presence.isLost('a')], [false, true, false]);
  await reportUntil('a', () => isUp('a'));
});

test('time without the bus, or without the database, is not silence', async (t) => {
  const { world, presence } = watch(t, ['a']);
  for (const [off, on] of [
    [() => Object.assign(world, { since: undefined }), () => Object.assign(world, { since: 2 })],
    [() => Object.assign(world, { readable: false }), () => Object.assign(world, { readable: true })],
  ] as const) {
    off();
    await sleep(2 * hostDownMs); // long enough to be lost, if it counted
    assert.equal(presence.isLost('a'), false);
    on();
  }
  const back = performance.now();
  while (!presence.isLost('a')) await sleep(5);
  assert.ok(performance.now() - back >= hostDownMs * 0.8);
});
