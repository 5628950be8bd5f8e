import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '#shared/log/log.ts';
import { ensureDirectory } from '../cloud/directory.ts';
import { findRunning, type Running, startOf } from '../processes/pid-file.ts';
import { end } from '../processes/terminate.ts';
import { type Daemon, spawnDaemon } from './daemon.ts';
import { keep } from './supervised-daemon.ts';

function house(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'keep-'));
  chmodSync(folder, 0o755);
  const directory = ensureDirectory(join(folder, 'var'));
  const until = new AbortController();
  const daemon: Daemon = { name: 'sleeper', words: ['sleep', '60'] };
  const file = join(directory.run, 'sleeper.pid');
  const kept: Promise<void>[] = [];
  const begin = () => kept.push(keep(directory, daemon, silentLog(), until.signal));
  t.after(async () => {
    until.abort();
    await Promise.all(kept);
    rmSync(folder, { recursive: true });
  });
  return { directory, daemon, file, until, begin, kept };
}

async function found(file: string, other?: number): Promise<Running> {
  for (;;) {
    const running = findRunning(file);
    if (running && running.pid !== other) return running;
    await sleep(10);
  }
}

test('what dies is started again', async (t) => {
  const { file, begin } = house(t);
  begin();
  const first = await found(file);
  await end(first);
  assert.notEqual((await found(file, first.pid)).pid, first.pid);
});

test('what an earlier supervisor left running is taken over, not started twice', async (t) => {
  const { directory, daemon, file, begin, until, kept } = house(t);
  const pid = spawnDaemon(directory, daemon);
  writeFileSync(file, JSON.stringify({ pid, startedAt: startOf(pid), ready: false }));
  begin();
  await sleep(0);
  assert.equal(findRunning(file)?.pid, pid);
  until.abort();
  await Promise.all(kept);
  assert.equal(startOf(pid), undefined);
});

test('the words of a daemon are in its log', async (t) => {
  const { directory, file } = house(t);
  const daemon = { name: 'teller', words: ['sh', '-c', 'echo here I am; exec sleep 60'] };
  const until = new AbortController();
  const kept = keep(directory, daemon, silentLog(), until.signal);
  const log = join(directory.log, 'teller.log');
  while (!(existsSync(log) && readFileSync(log, 'utf8').includes('here I am'))) await sleep(10);
  until.abort();
  await kept;
  assert.equal(findRunning(file), undefined);
});
