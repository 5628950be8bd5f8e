/** The contract that every driver keeps. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { NetworkDriver } from '../../services/network-agent/drivers/driver.ts';
import { memoryDriver } from '../../services/network-agent/drivers/memory.ts';
import { missing, openHost, type Work } from './network-agent-host.ts';
import { wholeLife } from './network-agent-networks.ts';

const needs = await missing();

test('driver linux keeps the contract', { skip: needs }, async (t) => {
  const host = await openHost(t);
  await keepsTheContract(host.driver, wholeLife(host));
});

for (const kind of ['fake', 'user'] as const) {
  test(`driver ${kind} keeps the contract`, { skip: needs }, async (t: TestContext) => {
    const { up, down } = wholeLife(await openHost(t), { floating: kind === 'fake' });
    await keepsTheContract(memoryDriver(kind), { up, down });
  });
}

/** Each spec is applied, applying it twice is idempotent, and so is removing it. */
async function keepsTheContract(driver: NetworkDriver, { up, down }: { up: readonly Work[]; down: readonly Work[] }) {
  const ask = ([verb, spec]: Work) => driver[verb](spec as never);
  for (const work of [...up, ...up]) await ask(work);
  assert.deepEqual(new Set(driver.appliedIds()), new Set(up.map(([, { id }]) => id)));
  for (const work of [...down, ...down]) await ask(work);
  assert.deepEqual(driver.appliedIds(), []);
}
