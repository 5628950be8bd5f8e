import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { publish, writeWhole } from './whole.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'whole-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

test('concurrent writes of one file leave one of the texts and no temporary file', async (t) => {
  const path = join(await folder(t), 'a.json');
  const texts = ['one', 'two', 'three'].map((word) => word.repeat(10_000));
  await Promise.all(texts.map((text) => writeWhole(path, text)));
  assert.ok(texts.includes(await readFile(path, 'utf8')));
  assert.deepEqual(await readdir(join(path, '..')), ['a.json']);
});

test('a failed write leaves the old file and no temporary file', async (t) => {
  const path = join(await folder(t), 'a.json');
  await writeWhole(path, 'old');
  const full = new Error('no room');
  await assert.rejects(
    publish(path, async (file) => {
      await file.writeFile('half');
      throw full;
    }),
    full,
  );
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(await readdir(join(path, '..')), ['a.json']);
});

test('a file has mode 0600 by default, whatever the umask is', async (t) => {
  const path = await folder(t);
  await writeWhole(join(path, 'secret'), '');
  await writeWhole(join(path, 'open'), '', 0o644);
  const modeOf = async (name: string) => (await stat(join(path, name))).mode & 0o777;
  assert.deepEqual([await modeOf('secret'), await modeOf('open')], [0o600, 0o644]);
});
