import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { silentLog } from '#shared/log/log.ts';
import { startAgent } from './agent.ts';
import { address, type Contract, type HostSpec, type OpenWork } from './contract.ts';

interface Driver {
  wait(spec: HostSpec, replaced?: AbortSignal): Promise<void>;
  remove(spec: HostSpec): Promise<void>;
}
const contract: Contract<Driver> = { service: 'test', verbs: ['wait', 'remove'] };

test('a later spec aborts the one it replaces and is performed next', async (t) => {
  const bus = memoryBus();
  const begun: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  const driver: Driver = {
    wait: async ({ id }, replaced) => {
      begun.push(`wait ${id}`);
      waiting.resolve();
      if (replaced && !replaced.aborted) await once(replaced, 'abort');
      throw new Error('replaced');
    },
    remove: async ({ id }) => {
      begun.push(`remove ${id}`);
      removed.resolve();
    },
  };
  let open: OpenWork[] = [{ id: 'first', verb: 'wait', spec: { id: 'web' } }];
  bus.onCall(address.open('test'), async () => open);
  bus.onCall(address.finish('test'), async () => {
    open = [];
  });
  const agent = startAgent({ contract, bus, host: 'here', driver, log: silentLog(), everyMs: 10_000 });
  t.after(agent.close);
  await waiting.promise;
  open = [{ id: 'last', verb: 'remove', spec: { id: 'web' } }];
  agent.wake();
  await removed.promise;
  assert.deepEqual(begun, ['wait web', 'remove web']);
});

test('K63: an outcome that its service did not confirm is reported again within seconds, without another notification', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const bus = memoryBus();
  const reports: OpenWork['id'][] = [];
  const [refused, confirmed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const performed: string[] = [];
  const driver: Driver = { wait: async () => {}, remove: async ({ id }) => void performed.push(id) };
  let open: OpenWork[] = [{ id: 'only', verb: 'remove', spec: { id: 'web' } }];
  bus.onCall(address.open('test'), async () => open);
  bus.onCall(address.finish('test'), async ({ id }: { id: string }) => {
    reports.push(id);
    if (reports.length === 1) {
      refused.resolve();
      throw new Error('the service died');
    }
    open = [];
    confirmed.resolve();
  });
  const agent = startAgent({ contract, bus, host: 'here', driver, log: silentLog(), everyMs: 3_600_000 });
  t.after(agent.close);
  await refused.promise;
  let waiting = true;
  void confirmed.promise.then(() => {
    waiting = false;
  });
  for (let turns = 0; waiting && turns < 1_000; turns += 1) {
    await new Promise(setImmediate);
    t.mock.timers.tick(10);
  }
  assert.deepEqual([reports, performed], [['only', 'only'], ['web']]);
});
