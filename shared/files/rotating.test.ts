import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openRotating } from './rotating.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rotating-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((go) => setTimeout(go, 5));
};

test('lines are written in batches, and old files are rotated out', async (t) => {
  const path = join(folder(t), 'log', 'requests.log');
  const file = openRotating({ path, mostBytes: 100, kept: 2, gatherMs: 1 });
  for (let at = 0; at < 6; at += 1) {
    file.add(`${at} ${'x'.repeat(120)}`);
    await until(() => existsSync(path) && readFileSync(path, 'utf8').startsWith(String(at)));
  }
  file.close();
  assert.deepEqual(readdirSync(join(path, '..')).sort(), ['requests.log', 'requests.log.1', 'requests.log.2']);
  assert.equal(readFileSync(`${path}.2`, 'utf8')[0], '3');
});

test('buffered lines are written at close', (t) => {
  const path = join(folder(t), 'a.log');
  const file = openRotating({ path, mostBytes: 1000, kept: 1 });
  file.add('one');
  file.add('two');
  file.close();
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
});

test('lines that cannot be written are counted, and nothing is thrown', async (t) => {
  const file = openRotating({ path: '/dev/full', mostBytes: 1e9, kept: 1, gatherMs: 1 });
  t.after(file.close);
  for (let at = 0; at < 50; at += 1) {
    file.add('lost');
    await new Promise((go) => setImmediate(go));
  }
});
