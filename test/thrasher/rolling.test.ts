/** Every part of a cloud is stopped and started again in turn while clients use it, as in an upgrade. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { findRunning } from '../../deploy/processes/pid-file.ts';
import { parts } from '../../deploy/roles.ts';
import { sendSignal } from '../../shared/process/signal.ts';
import { until } from '../e2e/story/cloud.ts';
import { randomOf } from './random.ts';
import { openUsedCloud } from './used-cloud.ts';

const drainMs = 30_000;
/**
 * What a client tries again: the service is not there, or cannot do it now. A connection that ends without an answer is tried
 * again where twice is as once.
 */
const retryable = [
  /^\w+: (5\d\d|unreadable)/,
  /^\w+: .* (was answered 503:|service does not answer)/,
  /^(put|get|detach|remove\w+): ECONNRESET/,
];

test('U01: clients lose no request but those that they try again while every part is restarted in turn', async (t) => {
  const { cloud, records, useDuring, check } = await openUsedCloud(t, randomOf(1));
  await useDuring(async () => {
    for (const part of parts) {
      const pidFile = join(cloud.folder, 'var/run', `${part}.pid`);
      const { pid } = findRunning(pidFile) ?? {};
      sendSignal(pid, 'SIGTERM');
      await until(`${part} has ended`, async () => findRunning(pidFile)?.pid !== pid, drainMs);
      await until(`${part} is ready again`, async () => findRunning(pidFile)?.ready);
    }
  });
  assert.deepEqual(
    [...new Set(records.failures)].filter((each) => !retryable.some((pattern) => pattern.test(each))),
    [],
  );
  await check();
});
