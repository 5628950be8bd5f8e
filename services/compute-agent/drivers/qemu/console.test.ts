import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readTail, trimConsole } from './console.ts';

async function console(t: TestContext, text: string) {
  const dir = await mkdtemp(join(tmpdir(), 'console-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'console.log');
  await writeFile(path, text);
  return { dir, path };
}

test('returns the requested number of lines, with or without a final line break', async (t) => {
  const { path } = await console(t, 'one\ntwo\nthree\n');
  assert.equal(await readTail(null, path, 2), 'two\nthree\n');
  assert.equal(await readTail(null, path, 0), '');
  assert.equal(await readTail(null, path, null), 'one\ntwo\nthree\n');
  await appendFile(path, 'fou');
  assert.equal(await readTail(null, path, 2), 'three\nfou');
});

test('OSSA-2013-026: at most 100 KiB of a console without line breaks are returned', async (t) => {
  const { path } = await console(t, 'x'.repeat(1_000_000));
  assert.equal((await readTail(null, path, 10)).length, 102_400);
});

test('a symbolic link or a file of another user counts as no console', async (t) => {
  const { dir, path } = await console(t, 'secret');
  await symlink(path, join(dir, 'link'));
  assert.equal(await readTail(null, join(dir, 'link'), null), '');
  assert.equal(await readTail(4_242, path, null), '');
  assert.equal(await readTail(null, join(dir, 'none'), null), '');
});

test('a console log that is too large keeps its end', async (t) => {
  const { path } = await console(t, `${'old\n'.repeat(100_000)}the end\n`);
  await trimConsole(null, path, 200_000);
  assert.equal((await stat(path)).size, 102_400);
  assert.match(await readTail(null, path, 1), /^the end\n$/);
});
