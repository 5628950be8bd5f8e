import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tailOf, trimConsole } from './console.ts';

async function console(t: TestContext, text: string) {
  const dir = await mkdtemp(join(tmpdir(), 'console-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'console.log');
  await writeFile(path, text);
  return { dir, path };
}

test('the last lines are as many as asked for, with or without a last new line', async (t) => {
  const { path } = await console(t, 'one\ntwo\nthree\n');
  assert.equal(await tailOf(null, path, 2), 'two\nthree\n');
  assert.equal(await tailOf(null, path, 0), '');
  assert.equal(await tailOf(null, path, null), 'one\ntwo\nthree\n');
  await appendFile(path, 'fou');
  assert.equal(await tailOf(null, path, 2), 'three\nfou');
});

test('OSSA-2013-026: a guest that writes without end and without lines gets no more than 100 KiB', async (t) => {
  const { path } = await console(t, 'x'.repeat(1_000_000));
  assert.equal((await tailOf(null, path, 10)).length, 102_400);
});

test('a link in the place of the console, or somebody else’s file, is no console', async (t) => {
  const { dir, path } = await console(t, 'secret');
  await symlink(path, join(dir, 'link'));
  assert.equal(await tailOf(null, join(dir, 'link'), null), '');
  assert.equal(await tailOf(4_242, path, null), '');
  assert.equal(await tailOf(null, join(dir, 'none'), null), '');
});

test('a console that grew too large keeps its end', async (t) => {
  const { path } = await console(t, `${'old\n'.repeat(100_000)}the end\n`);
  await trimConsole(null, path, 200_000);
  assert.equal((await stat(path)).size, 102_400);
  assert.match(await tailOf(null, path, 1), /^the end\n$/);
});
