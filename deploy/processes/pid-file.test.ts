import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AlreadyRunning, acquirePidFile, findRunning, releasePidFile, startTimeOf, writePidFile } from './pid-file.ts';

function pidFileOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pid-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'all.pid');
}

const startSleep = (t: TestContext) => {
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill('SIGKILL'));
  return child;
};

test('a pid file names its process while it lives, and none after kill -9', async (t) => {
  const file = pidFileOf(t);
  const child = startSleep(t);
  writePidFile(file, child.pid ?? 0);
  assert.equal(findRunning(file)?.pid, child.pid);
  assert.throws(() => acquirePidFile(file), AlreadyRunning);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(findRunning(file), undefined);
  acquirePidFile(file);
  assert.equal(findRunning(file)?.pid, process.pid);
});

test('a pid that another process reuses is not taken for the recorded one', (t) => {
  const file = pidFileOf(t);
  const child = startSleep(t);
  writeFileSync(file, JSON.stringify({ pid: child.pid, startedAt: startTimeOf(1), ready: true }));
  assert.equal(findRunning(file), undefined);
});

test('the first line is the pid alone, for other tools; the JSON of earlier versions is still read', (t) => {
  const file = pidFileOf(t);
  const child = startSleep(t);
  writePidFile(file, child.pid ?? 0, true);
  assert.equal(readFileSync(file, 'utf8').split('\n')[0], String(child.pid));
  const running = { pid: child.pid, startedAt: startTimeOf(child.pid ?? 0), ready: true };
  assert.deepEqual(findRunning(file), running);
  writeFileSync(file, JSON.stringify(running));
  assert.deepEqual(findRunning(file), running);
});

test('a malformed pid file is replaced', (t) => {
  const file = pidFileOf(t);
  writeFileSync(file, '{"pid": 1');
  acquirePidFile(file);
  assert.equal(findRunning(file)?.pid, process.pid);
});

test('releasing does not remove a file that another process owns', (t) => {
  const file = pidFileOf(t);
  writePidFile(file, startSleep(t).pid ?? 0);
  releasePidFile(file);
  assert.ok(findRunning(file));
});

test('of many processes that start at once over a stale file one acquires it', async (t) => {
  const file = pidFileOf(t);
  writeFileSync(file, JSON.stringify({ pid: 1, startedAt: 'an earlier boot', ready: true }));
  const program = `
    import { acquirePidFile } from '${new URL('pid-file.ts', import.meta.url).href}';
    try { acquirePidFile(${JSON.stringify(file)}); process.stdout.write('mine'); } catch { process.stdout.write('taken'); }
    process.stdin.resume();`;
  const children = Array.from({ length: 6 }, () => spawn(process.execPath, ['--input-type=module', '-e', program]));
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const outputs = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])));
  assert.deepEqual(outputs.toSorted(), ['mine', 'taken', 'taken', 'taken', 'taken', 'taken']);
  assert.deepEqual(readdirSync(join(file, '..')), ['all.pid']);
});
