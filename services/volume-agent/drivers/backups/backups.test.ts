import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import type { Block } from '../driver.ts';
import { backupsOf } from './backups.ts';
import { chunkBytes } from './manifest.ts';
import { type BackupTarget, directoryTarget, memoryTarget } from './target.ts';

const bytesOf = (content: Buffer) => ({
  sizeBytes: content.length,
  stream: Readable.from([content.subarray(0, 70_000), content.subarray(70_000)]),
  close: async () => {},
});

async function contentOf(sizeBytes: number, blocks: AsyncIterable<Block>): Promise<Buffer> {
  const content = Buffer.alloc(sizeBytes);
  for await (const { offset, bytes } of blocks) bytes.copy(content, offset);
  return content;
}

const container = 'saved';
const targets: Readonly<Record<string, (t: TestContext) => Promise<BackupTarget>>> = {
  memory: async () => memoryTarget(),
  directory: async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'backups-'));
    t.after(() => rm(directory, { recursive: true }));
    return directoryTarget(directory);
  },
};

/** Three whole chunks, the middle one of zeros, and a part of a fourth. */
const sample = () =>
  Buffer.concat([randomBytes(chunkBytes), Buffer.alloc(chunkBytes), randomBytes(chunkBytes), randomBytes(100)]);

for (const [name, open] of Object.entries(targets)) {
  test(`${name}: what was stored is read, and zeros are not stored`, async (t) => {
    const target = await open(t);
    const backups = backupsOf(target);
    const content = sample();
    const made = await backups.write({ container, storedAs: 'full', parent: null }, bytesOf(content));
    assert.equal(made.objectCount, 4, 'three chunks and the manifest');
    assert.equal((await target.list(container, 'full/')).length, 4);
    const { sizeBytes, blocks } = await backups.read({ container, storedAs: 'full' });
    assert.ok(content.equals(await contentOf(sizeBytes, blocks)));
  });

  test(`K45: ${name}: what an agent left that was killed while it wrote is removed by the next attempt`, async (t) => {
    const target = await open(t);
    const content = sample();
    await target.put(container, 'full/manifest.0a1b2c3d.part', Buffer.from('half'));
    await backupsOf(target).write({ container, storedAs: 'full', parent: null }, bytesOf(content));
    assert.equal((await target.list(container, 'full/')).length, 4);
  });

  test(`${name}: an incremental backup stores what has changed, and is read whole through its ancestors`, async (t) => {
    const backups = backupsOf(await open(t));
    const content = sample();
    await backups.write({ container, storedAs: 'full', parent: null }, bytesOf(content));
    content.fill(7, chunkBytes, chunkBytes + 10);
    const second = await backups.write({ container, storedAs: 'second', parent: 'full' }, bytesOf(content));
    assert.equal(second.objectCount, 2);
    content.fill(0, 0, chunkBytes);
    const third = await backups.write({ container, storedAs: 'third', parent: 'second' }, bytesOf(content));
    assert.equal(third.objectCount, 1, 'a chunk that became zeros needs no object');
    const { sizeBytes, blocks } = await backups.read({ container, storedAs: 'third' });
    assert.ok(content.equals(await contentOf(sizeBytes, blocks)));
  });

  test(`${name}: a removed backup has no objects, and reading it is a Fault`, async (t) => {
    const target = await open(t);
    const backups = backupsOf(target);
    await backups.write({ container, storedAs: 'full', parent: null }, bytesOf(sample()));
    await backups.remove({ container, storedAs: 'full' });
    await backups.remove({ container, storedAs: 'full' });
    assert.deepEqual(await target.list(container, 'full/'), []);
    await assert.rejects(backups.read({ container, storedAs: 'full' }), Fault);
  });

  test(`R14: ${name}: damaged and missing chunks are Faults, not data`, async (t) => {
    const target = await open(t);
    const backups = backupsOf(target);
    await backups.write({ container, storedAs: 'full', parent: null }, bytesOf(sample()));
    const chunk = (await target.list(container, 'full/')).find((each) => !each.endsWith('manifest')) ?? '';
    await target.put(container, chunk, Buffer.from('other'));
    const read = async () => {
      const { sizeBytes, blocks } = await backups.read({ container, storedAs: 'full' });
      return contentOf(sizeBytes, blocks);
    };
    await assert.rejects(read(), /damaged/);
    await target.remove(container, chunk);
    await assert.rejects(read(), Fault);
  });

  test(`${name}: names that lead out of the container are refused`, async (t) => {
    const target = await open(t);
    for (const each of ['..', '.', 'a/..', '-x', ''])
      await assert.rejects(target.put(each, 'x', Buffer.from('')), Fault, each);
    await assert.rejects(target.get(container, '../other/x'), Fault);
  });
}
