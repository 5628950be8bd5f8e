import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyQcow2 } from './empty-image.ts';

const skip = spawnSync('qemu-img', ['--version']).status !== 0 && 'qemu-img is not installed';

test('an empty image is one for qemu-img too', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'empty-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'empty.qcow2');
  await writeFile(file, emptyQcow2(3n << 30n));
  const { status, stdout } = spawnSync('qemu-img', ['check', '-f', 'qcow2', file], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  const info = JSON.parse(
    spawnSync('qemu-img', ['info', '-f', 'qcow2', '--output', 'json', file], { encoding: 'utf8' }).stdout,
  );
  assert.equal(info['virtual-size'], 3 * 1024 ** 3);
});
