import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '#shared/log/log.ts';
import { ensureDirectory } from '../cloud/directory.ts';
import { findRunning, type Running, startTimeOf } from '../processes/pid-file.ts';
import { terminate } from '../processes/terminate.ts';
import { type Daemon, spawnDaemon } from './daemon.ts';
import { keepRunning } from './keep-running.ts';

function openSupervised(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'keep-'));
  chmodSync(folder, 0o755);
  const directory = ensureDirectory(join(folder, 'var'));
  const until = new AbortController();
  const daemon: Daemon = { name: 'sleeper', argv: ['sleep', '60'] };
  const file = join(directory.run, 'sleeper.pid');
  const kept: Promise<void>[] = [];
  const begin = () => kept.push(keepRunning(directory, daemon, silentLog(), until.signal));
  t.after(async () => {
    until.abort();
    await Promise.all(kept);
    rmSync(folder, { recursive: true });
  });
  return { directory, daemon, file, until, begin, kept };
}

async function untilFound(file: string, other?: number): Promise<Running> {
  for (;;) {
    const running = findRunning(file);
    if (running && running.pid !== other) return running;
    await sleep(10);
  }
}

test('a daemon that ends is restarted', async (t) => {
  const { file, begin } = openSupervised(t);
  begin();
  const first = await untilFound(file);
  await terminate(first);
  assert.notEqual((await untilFound(file, first.pid)).pid, first.pid);
});

test('Q07: a daemon that uses up its heap ends, and is restarted', async (t) => {
  const { directory, file, until, kept } = openSupervised(t);
  const grow = 'const kept = []; for (;;) kept.push(Array.from({ length: 10_000 }, Math.random))';
  const daemon: Daemon = { name: 'sleeper', argv: [process.execPath, '--max-old-space-size=24', '-e', grow] };
  kept.push(keepRunning(directory, daemon, silentLog(), until.signal));
  const first = await untilFound(file);
  assert.notEqual((await untilFound(file, first.pid)).pid, first.pid);
  assert.match(readFileSync(join(directory.log, 'sleeper.log'), 'utf8'), /heap out of memory/);
});

test('K66: a daemon that an earlier supervisor left running is adopted, not started twice', async (t) => {
  const { directory, daemon, file, begin, until, kept } = openSupervised(t);
  const pid = spawnDaemon(directory, daemon);
  writeFileSync(file, JSON.stringify({ pid, startedAt: startTimeOf(pid), ready: false }));
  begin();
  await sleep(0);
  assert.equal(findRunning(file)?.pid, pid);
  until.abort();
  await Promise.all(kept);
  assert.equal(startTimeOf(pid), undefined);
});

test('the output of a daemon is in its log', async (t) => {
  const { directory, file } = openSupervised(t);
  const daemon = { name: 'writer', argv: ['sh', '-c', 'echo here I am; exec sleep 60'] };
  const until = new AbortController();
  const kept = keepRunning(directory, daemon, silentLog(), until.signal);
  const log = join(directory.log, 'writer.log');
  while (!(existsSync(log) && readFileSync(log, 'utf8').includes('here I am'))) await sleep(10);
  until.abort();
  await kept;
  assert.equal(findRunning(file), undefined);
});
