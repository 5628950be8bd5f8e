import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { request, textOf } from '#shared/clients/http.ts';
import { run } from '#shared/process/run.ts';
import { until } from '../e2e/story/cloud.ts';

test('Q04: an API without a free descriptor lives, and answers as soon as slow callers are cut', async (t) => {
  const child = fork(join(import.meta.dirname, 'descriptors-child.ts'));
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill();
    await ended;
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const ask = async () =>
    textOf(await request(`http://127.0.0.1:${port}/`, { timeoutMs: 2000, headers: { connection: 'close' } }));
  assert.equal(await ask(), '{"here":true}');
  await run(['prlimit', '--pid', String(child.pid), '--nofile=64:64']);
  const slow = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    for (const socket of slow) socket.destroy();
  });
  for (const socket of slow) socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
  await until('an answer', async () => (await ask().catch(() => '')) === '{"here":true}', 60_000);
  assert.equal(child.exitCode, null);
});
