import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import type { NetworkReport } from '#shared/contracts/network-agent.ts';
import { address, type OpenWork, type Outcome } from '#shared/hosts/contract.ts';
import { silentLog } from '#shared/log/log.ts';
import { start } from './service.ts';

/** Starts an agent and the service's side of the bus, which hands out this work once and records outcomes and reports. */
async function startAgent(t: TestContext, driver: 'fake' | 'user', open: OpenWork[]) {
  const dir = await mkdtemp(join(tmpdir(), 'wattle-network-agent-'));
  const bus = memoryBus();
  const reports: NetworkReport[] = [];
  const finished = new Map<string, Outcome>();
  const done = Promise.withResolvers<void>();
  bus.onCall(address.open('network'), async ({ report }: { report: NetworkReport }) => {
    reports.push(report);
    return open.filter(({ id }) => !finished.has(id));
  });
  bus.onCall(address.finish('network'), async ({ id, outcome }: { id: string; outcome: Outcome }) => {
    finished.set(id, outcome);
    if (finished.size === open.length) done.resolve();
  });
  const settings = settingsOf({ cloud: { id: 'zzzz', var: dir, host: 'h1' }, 'network-agent': { driver } });
  const agent = await start({ settings, log: silentLog(), bus });
  t.after(async () => {
    await agent.close();
    await rm(dir, { recursive: true });
  });
  await done.promise;
  return { bus, reports, finished };
}

const router = (floatingIps: unknown[]) => ({
  id: 'r',
  adminUp: true,
  interfaces: [],
  gateway: null,
  floatingIps,
  routes: [],
});

test('an agent does its open work, and reports its host and its specs', async (t) => {
  const { bus, reports, finished } = await startAgent(t, 'fake', [
    { id: 'w1', verb: 'ensureRouter', spec: router([{}]) },
  ]);
  assert.deepEqual(finished.get('w1'), { result: { refused: [] } });
  bus.notify(address.notify('network', 'h1'));
  while (reports.length < 2) await new Promise(setImmediate);
  const { hostname, driver, standing, hostId } = reports.at(-1) as NetworkReport;
  assert.deepEqual({ hostname, driver, standing }, { hostname: 'h1', driver: 'fake', standing: ['r'] });
  assert.equal(hostId, reports[0]?.hostId);
});

test('without root a floating IP is refused by its address', async (t) => {
  const floating = { id: 'f', floating: '172.24.4.9', fixed: '10.7.0.9' };
  const { finished } = await startAgent(t, 'user', [{ id: 'w1', verb: 'ensureRouter', spec: router([floating]) }]);
  const { fault } = finished.get('w1') as { fault: { status: number; message: string } };
  assert.equal(fault.status, 501);
  assert.match(fault.message, /172\.24\.4\.9 .* without root/);
});
