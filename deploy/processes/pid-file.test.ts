import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AlreadyRunning, findRunning, notePid, releasePidFile, startOf, takePidFile } from './pid-file.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pid-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'all.pid');
}

const sleeper = (t: TestContext) => {
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill('SIGKILL'));
  return child;
};

test('a file names its process while that lives, and nobody after kill -9', async (t) => {
  const file = place(t);
  const child = sleeper(t);
  notePid(file, child.pid ?? 0);
  assert.equal(findRunning(file)?.pid, child.pid);
  assert.throws(() => takePidFile(file), AlreadyRunning);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(findRunning(file), undefined);
  takePidFile(file);
  assert.equal(findRunning(file)?.pid, process.pid);
});

test('a number that belongs to another process by now names nobody', (t) => {
  const file = place(t);
  const child = sleeper(t);
  writeFileSync(file, JSON.stringify({ pid: child.pid, startedAt: startOf(1), ready: true }));
  assert.equal(findRunning(file), undefined);
});

test('a file of rubbish names nobody and is taken over', (t) => {
  const file = place(t);
  writeFileSync(file, '{"pid": 1');
  takePidFile(file);
  assert.equal(findRunning(file)?.pid, process.pid);
});

test('who releases what another took leaves it', (t) => {
  const file = place(t);
  notePid(file, sleeper(t).pid ?? 0);
  releasePidFile(file);
  assert.ok(findRunning(file));
});

test('of many that start at once over a stale file one gets it', async (t) => {
  const file = place(t);
  writeFileSync(file, JSON.stringify({ pid: 1, startedAt: 'an earlier boot', ready: true }));
  const program = `
    import { takePidFile } from '${new URL('pid-file.ts', import.meta.url).href}';
    try { takePidFile(${JSON.stringify(file)}); process.stdout.write('mine'); } catch { process.stdout.write('taken'); }
    process.stdin.resume();`;
  const children = Array.from({ length: 6 }, () => spawn(process.execPath, ['--input-type=module', '-e', program]));
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const words = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])));
  assert.deepEqual(words.toSorted(), ['mine', 'taken', 'taken', 'taken', 'taken', 'taken']);
  assert.deepEqual(readdirSync(join(file, '..')), ['all.pid']);
});
