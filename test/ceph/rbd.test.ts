/** The contract of storage drivers, and what only RBD does, on a real Ceph cluster: `npm run test:ceph`. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryRun } from '#shared/process/run.ts';
import { startCeph } from './cluster.ts';

const files = ['services/volume-agent/drivers/contract.test.ts', 'services/volume-agent/drivers/rbd/rbd.test.ts'];

test('images of Ceph RBD fulfil the contract of storage drivers', { timeout: 900_000 }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ceph-'));
  let stop = async () => {};
  t.after(async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });
  ({ stop } = await startCeph(dir));
  const argv = [process.execPath, '--test', '--test-concurrency=1', '--test-name-pattern=^rbd:', ...files];
  const { code, stdout } = await tryRun(argv, { timeoutMs: 800_000, env: { WATTLE_TEST_CEPH: dir } });
  const passed = [...stdout.matchAll(/✔ rbd: /g)].length;
  t.diagnostic(`${passed} tests of the drivers passed`);
  assert.equal(code, 0, stdout.slice(-8000));
  assert.ok(passed >= 12, stdout.slice(-8000));
});
