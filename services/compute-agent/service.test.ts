/** The agent as the compute service uses it: over the bus, with the fake driver. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { type ComputeReport, callAddress, type GuestSpec, type VncEndpoint } from '#shared/contracts/compute-agent.ts';
import { address, type OpenWork, type Outcome } from '#shared/hosts/contract.ts';
import { silentLog } from '#shared/log/log.ts';
import { guestSpec, until } from '../../test/fakes/compute-host.ts';
import { start } from './service.ts';

/** A stub of the compute service: open work, its outcomes, and the reports. */
async function openCloud(t: TestContext, agent: Record<string, unknown> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'agent-'));
  const bus = memoryBus();
  const open = new Map<string, OpenWork[]>();
  const outcomes = new Map<string, Outcome>();
  const reports = new Map<string, ComputeReport>();
  bus.onCall(address.open('compute'), async ({ host, report }: { host: string; report: ComputeReport }) => {
    reports.set(host, report);
    return open.get(host) ?? [];
  });
  bus.onCall(address.finish('compute'), async ({ id, outcome }: { id: string; outcome: Outcome }) => {
    outcomes.set(id, outcome);
    for (const [host, work] of open)
      open.set(
        host,
        work.filter((each) => each.id !== id),
      );
  });
  const settings = settingsOf({
    cloud: { var: dir, host: 'box', idleMs: 10_000 },
    'compute-agent': { driver: 'fake', ...agent },
  });
  const started = await start({ settings, log: silentLog(), bus });
  t.after(async () => {
    await started.close();
    await rm(dir, { recursive: true });
  });
  const addWork = (host: string, work: OpenWork[]) => {
    open.set(host, [...(open.get(host) ?? []), ...work]);
    bus.notify(address.notify('compute', host));
  };
  const outcomeOf = (id: string) => until(`outcome of ${id}`, () => outcomes.get(id));
  return { bus, addWork, outcomeOf, outcomes, reports };
}

const work = (spec: GuestSpec, id: string = randomUUID()): OpenWork => ({ id, verb: 'ensureGuest', spec });

test('a host does its open work and reports its guests', async (t) => {
  const cloud = await openCloud(t);
  const spec = guestSpec();
  cloud.addWork('box', [work(spec, 'build')]);
  const outcome = await cloud.outcomeOf('build');
  assert.ok('result' in outcome);
  assert.equal((outcome.result as { power: string }).power, 'on');
  cloud.addWork('box', []);
  const report = await until('the report names the guest', () => {
    const latest = cloud.reports.get('box');
    return latest?.guests.length ? latest : null;
  });
  assert.deepEqual(report.guests, [{ id: spec.id, power: 'on', reason: null }]);
  assert.equal(report.hostname, 'box');
  assert.match(report.hostId, /^[0-9a-f-]{36}$/);
});

test('consoleLog returns the console text, and 404 for a guest of another host', async (t) => {
  const { bus, addWork, outcomeOf } = await openCloud(t);
  const spec = guestSpec();
  addWork('box', [work(spec, 'build')]);
  await outcomeOf('build');
  const request = callAddress('box', 'consoleLog');
  assert.deepEqual(await bus.call(request, { id: spec.id, length: 1 }), { output: `fake guest ${spec.id} ready\n` });
  await assert.rejects(bus.call(request, { id: randomUUID(), length: null }), { status: 404 });
});

test('a fake guest has a screen', async (t) => {
  const { bus, addWork, outcomeOf } = await openCloud(t);
  const spec = guestSpec();
  addWork('box', [work(spec, 'build')]);
  await outcomeOf('build');
  const { path } = await bus.call<VncEndpoint>(callAddress('box', 'vncSocket'), { id: spec.id });
  const [host, port] = path.split(':');
  const client = createConnection(Number(port), host);
  t.after(() => client.destroy());
  const [greeting] = await once(client, 'data');
  assert.equal(String(greeting), 'RFB 003.008\n');
});

test('one process runs several fake hosts, each with its own guests', async (t) => {
  const { addWork, outcomeOf, reports } = await openCloud(t, { fakeHosts: 3, fakeVcpus: 2 });
  addWork('box-2', [work(guestSpec(), 'build')]);
  await outcomeOf('build');
  addWork('box-2', []);
  await until('all have reported', () => reports.size === 3 && reports.get('box-2')?.guests.length === 1);
  assert.deepEqual(new Set(reports.keys()), new Set(['box-1', 'box-2', 'box-3']));
  assert.equal(new Set([...reports.values()].map(({ hostId }) => hostId)).size, 3);
  assert.deepEqual(reports.get('box-1')?.guests, []);
});
