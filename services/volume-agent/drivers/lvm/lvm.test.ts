/** What only thin volumes do; needs a thin pool: see test/storage-guest. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { run } from '#shared/process/run.ts';
import { blank } from '../../../../test/fakes/volume-host.ts';
import { openLvm } from './lvm.ts';

const [group = '', pool = ''] = process.env.WATTLE_TEST_LVM?.split('/') ?? [];
const skip = group === '' && 'there is no thin pool here: npm run test:storage';
const lvmTest = (name: string, work: (t: TestContext) => Promise<void>) => test(`lvm: ${name}`, { skip }, work);

async function openStore(t: TestContext, image = Buffer.alloc(0)) {
  const directory = await mkdtemp(join(tmpdir(), 'lvm-'));
  t.after(() => rm(directory, { recursive: true }));
  const images = { download: async () => Readable.from([image]), upload: async () => {} };
  return openLvm({ group, pool, directory, images, maxImageGb: 1 });
}

async function write(path: string, text: string, offset = 0): Promise<void> {
  const device = await open(path, 'r+');
  await device.write(Buffer.from(text.padEnd(512, ' ')), 0, 512, offset);
  await device.sync().finally(() => device.close());
}

async function read(path: string, offset = 0): Promise<string> {
  const device = await open(path, 'r');
  const { buffer } = await device.read(Buffer.alloc(512), 0, 512, offset).finally(() => device.close());
  return buffer.toString().trim();
}

lvmTest('a snapshot and a clone keep the data of their moment, and a revert brings it back', async (t) => {
  const store = await openStore(t);
  const [id, snapshot, clone] = [randomUUID(), randomUUID(), randomUUID()];
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  const path = await store.pathOf(id);
  await write(path, 'before');
  await store.ensureSnapshot({ id: snapshot, volumeId: id });
  await write(path, 'after');
  const source = { kind: 'snapshot', snapshotId: snapshot, volumeId: id } as const;
  await store.ensureVolume({ id: clone, sizeGb: 2, source });
  assert.equal(await read(await store.pathOf(clone)), 'before');
  const { stream, close } = await store.readSnapshot({ id: snapshot, volumeId: id });
  const [first] = (await stream.take(1).toArray()) as Buffer[];
  await close();
  assert.equal(first?.subarray(0, 512).toString().trim(), 'before');
  await store.replaceVolume({ id, sizeGb: 1, source });
  assert.equal(await read(await store.pathOf(id)), 'before');
  for (const each of [id, clone]) await store.ensureVolumeGone({ id: each });
  await store.ensureSnapshotGone({ id: snapshot, volumeId: id });
});

lvmTest('a new volume has none of the data of a deleted one', async (t) => {
  const store = await openStore(t);
  const [one, other] = [randomUUID(), randomUUID()];
  await store.ensureVolume({ id: one, sizeGb: 1, source: blank });
  for (let block = 0; block < 64; block += 1) await write(await store.pathOf(one), 'secret', block * 65_536);
  await store.ensureVolumeGone({ id: one });
  await store.ensureVolume({ id: other, sizeGb: 1, source: blank });
  const path = await store.pathOf(other);
  for (let block = 0; block < 64; block += 1) {
    await write(path, 'x', block * 65_536 + 4096);
    assert.equal((await read(path, block * 65_536)).replaceAll('\0', ''), '');
  }
  await store.ensureVolumeGone({ id: other });
});

lvmTest('an image becomes a volume, and a wrong one leaves nothing', async (t) => {
  const image = Buffer.concat([Buffer.from('bootable'.padEnd(512, ' ')), Buffer.alloc(2 ** 20)]);
  const store = await openStore(t, image);
  const [id, refused] = [randomUUID(), randomUUID()];
  await store.ensureVolume({ id, sizeGb: 1, source: { kind: 'image', imageId: randomUUID(), format: 'raw' } });
  assert.equal(await read(await store.pathOf(id)), 'bootable');
  const wrong = { kind: 'image', imageId: randomUUID(), format: 'qcow2' } as const;
  await assert.rejects(store.ensureVolume({ id: refused, sizeGb: 1, source: wrong }));
  const { volumes } = await store.stored(); // other tests of the guest leave some
  assert.deepEqual([volumes.includes(id), volumes.includes(refused)], [true, false]);
  await store.ensureVolumeGone({ id });
});

lvmTest('after a crash parts are gone, and a volume that was being replaced has its former data', async (t) => {
  const store = await openStore(t);
  const id = randomUUID();
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await write(await store.pathOf(id), 'former');
  await run(['lvrename', group, `volume-${id}`, `old-${id}`]);
  await run(['lvcreate', '-y', '-q', '-V', '1G', '-T', `${group}/${pool}`, '-n', `part-${id}`]);
  const again = await openStore(t);
  assert.ok((await again.stored()).volumes.includes(id));
  assert.doesNotMatch((await run(['lvs', '-o', 'lv_name', group])).stdout, /part-|old-/);
  assert.equal(await read(await again.pathOf(id)), 'former');
  await again.ensureVolumeGone({ id });
});

lvmTest('the pool reports its space, and that copies of volumes in use are of one moment', async (t) => {
  const store = await openStore(t);
  const [reported] = await store.pools();
  assert.equal(reported?.driver, 'lvm');
  assert.ok(reported?.features.includes('online-snapshot'));
  assert.ok((reported?.freeGb ?? 0) > 5 && (reported?.totalGb ?? 0) <= 8);
});
