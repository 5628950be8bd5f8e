/** The ring while devices come, move and are lost: agents in processes of their own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Dispersion, mayLose, type RingReport } from '#shared/ring/dispersion.ts';
import { applyMoves, planMoves } from '#shared/ring/moves.ts';
import { changed, type Placement } from '#shared/ring/placement.ts';
import { readPlacement, writePlacement } from '#shared/ring/ring-file.ts';
import { until } from '../../../test/e2e/object-cloud.ts';
import { type Rack, startRack } from '../../../test/e2e/object-rack.ts';

const names = (count: number) => [...Array(count).keys()].map((at) => `o${at}`);

async function fill({ ask }: Rack, count: number): Promise<void> {
  assert.ok((await ask('PUT', '/docs')).status < 300);
  const answers = await Promise.all(names(count).map((name) => ask('PUT', `/docs/${name}`, {}, `text of ${name}`)));
  assert.ok(answers.every(({ status }) => status === 201));
}

async function assertReadable({ ask }: Rack, count: number): Promise<void> {
  const texts = await Promise.all(names(count).map(async (name) => (await ask('GET', `/docs/${name}`)).text()));
  assert.deepEqual(
    texts,
    names(count).map((name) => `text of ${name}`),
  );
}

async function report({ url }: Rack): Promise<Dispersion & Pick<RingReport, 'version'>> {
  const answer = await fetch(`${url}/recon/ring`, { headers: { 'x-auth-token': 'a:admin:admin' } });
  assert.equal(answer.status, 200);
  const { dispersion, version } = (await answer.json()) as RingReport;
  return { ...dispersion, version };
}

/** What the registry of a rack does: the same placement on all hosts. */
function push({ hosts, folder }: Rack, next: Placement): void {
  for (const each of [...hosts.map((host) => host.folder), join(folder, 'proxy')]) writePlacement(each, next);
}

const isWhole = ({ whole, partitions, devices }: Dispersion) =>
  whole === partitions && devices.every(({ handoffs, answers }) => answers && handoffs === 0);

async function untilWhole(t: TestContext, rack: Rack): Promise<Dispersion> {
  let last = await report(rack);
  await until(t, async () => {
    last = await report(rack);
    return isWhole(last);
  });
  return last;
}

test('any two of three storage hosts may be lost: every object is readable; when they are back all is repaired', async (t) => {
  const rack = await startRack(t, [['d1'], ['d2'], ['d3']]);
  const [first, second, third] = rack.hosts as [Rack['hosts'][0], Rack['hosts'][0], Rack['hosts'][0]];
  await until(t, async () => (await rack.ask('PUT', '/docs')).status < 300);
  await fill(rack, 30);
  assert.equal(mayLose(2, await untilWhole(t, rack)), 'yes, all data is the same on at least 3 hosts');
  for (const lost of [
    [first, second],
    [second, third],
    [first, third],
  ] as const) {
    for (const host of lost) await host.kill();
    await until(t, async () => (await report(rack)).devices.filter(({ answers }) => !answers).length === 2);
    await assertReadable(rack, 30);
    assert.match(mayLose(1, await report(rack)), /^no, because .* do not answer/);
    for (const host of lost) {
      host.wipe();
      await host.start();
    }
    const began = Date.now();
    await untilWhole(t, rack);
    t.diagnostic(`two wiped hosts repaired in ${Date.now() - began} ms`);
  }
});

test('devices are added and emptied step by step, while every object stays readable and writable', async (t) => {
  const rack = await startRack(t, [['d1'], ['d2'], ['d3'], ['d4']], {}, { partPower: 5 });
  await until(t, async () => (await rack.ask('PUT', '/docs')).status < 300);
  await fill(rack, 40);
  await untilWhole(t, rack);
  const before = readPlacement(rack.hosts[0]?.folder ?? '');
  const light = changed(before, {
    devices: before.devices.map((each) => (each.name === 'd2' ? { ...each, weight: 0 } : each)),
  });
  const { moves } = planMoves(light, { now: Date.now(), minPartHours: 1, isWhole: () => true });
  assert.ok(moves.length > 0 && moves.every(({ from }) => from.name === 'd2'));
  push(rack, applyMoves(light, moves, Date.now()));
  await until(t, async () => {
    await assertReadable(rack, 40);
    const { version, devices } = await report(rack);
    return version === light.version + 1 && devices.every(({ state }) => state?.ringVersion === version);
  });
  await fill(rack, 40);
  await until(t, async () => {
    await assertReadable(rack, 40);
    const now = await report(rack);
    return (
      isWhole(now) &&
      now.devices.some(({ device, partitions, assigned }) => device.name === 'd2' && partitions + assigned === 0)
    );
  });
  assert.deepEqual(rack.hosts[1]?.objects('d2'), []);
});
