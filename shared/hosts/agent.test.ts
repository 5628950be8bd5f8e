import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { silentLog } from '#shared/log/log.ts';
import { startAgent } from './agent.ts';
import { address, type Contract, type HostWish, type OpenWork } from './contract.ts';

interface Driver {
  wait(wish: HostWish, replaced?: AbortSignal): Promise<void>;
  remove(wish: HostWish): Promise<void>;
}
const contract: Contract<Driver> = { service: 'test', verbs: ['wait', 'remove'] };

test('a later wish ends the wait of the one that it replaced, and what stood between is never begun', async (t) => {
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
  let open: OpenWork[] = [{ id: 'first', verb: 'wait', wish: { id: 'web' } }];
  bus.onAsk(address.open('test'), async () => open);
  bus.onAsk(address.finish('test'), async () => {
    open = [];
  });
  const agent = startAgent({ contract, bus, host: 'here', driver, log: silentLog(), everyMs: 10_000 });
  t.after(agent.close);
  await waiting.promise;
  open = [{ id: 'last', verb: 'remove', wish: { id: 'web' } }];
  agent.wake();
  await removed.promise;
  assert.deepEqual(begun, ['wait web', 'remove web']);
});
