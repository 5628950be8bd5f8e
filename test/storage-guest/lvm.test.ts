/** The contract of storage drivers on thin volumes of LVM, exported by tgtd, in a guest: `npm run test:storage`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInGuest } from './guest.ts';

test('thin volumes of LVM fulfil the contract of storage drivers', { timeout: 3_000_000 }, async (t) => {
  const { code, console } = await runInGuest([
    'services/volume-agent/drivers/contract.test.ts',
    'services/volume-agent/drivers/lvm/lvm.test.ts',
  ]);
  const passed = [...console.matchAll(/✔ lvm: /g)].length;
  t.diagnostic(`${passed} tests of the guest passed`);
  assert.equal(code, 0, console.slice(-6000));
  assert.ok(passed >= 12, console.slice(-6000));
});
