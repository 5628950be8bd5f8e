/** What only RBD does; needs a cluster: see test/ceph. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '#shared/log/log.ts';
import { run } from '#shared/process/run.ts';
import { until } from '../../../../test/fakes/compute-host.ts';
import { blank } from '../../../../test/fakes/volume-host.ts';
import { openRbd } from './rbd.ts';

const directory = process.env.WATTLE_TEST_CEPH ?? '';
const skip = directory === '' && 'there is no cluster here: npm run test:ceph';
const rbdTest = (name: string, work: (t: TestContext) => Promise<void>) => test(`rbd: ${name}`, { skip }, work);

const conf = join(directory, 'ceph.conf');
const admin = async (...args: readonly string[]) => (await run(['rbd', '-c', conf, ...args])).stdout;
const io = (image: string, ...commands: readonly string[]) =>
  run([
    'qemu-io',
    '-f',
    'raw',
    ...commands.flatMap((each) => ['-c', each]),
    `rbd:volumes/${image}:id=wattle-volume:conf=${conf}`,
  ]);

async function openStore(t: TestContext, url?: string) {
  const work = join(directory, randomUUID());
  const images = {
    download: async () => Promise.reject(new Error('the image is not downloaded')),
    upload: async () => {},
    locate: async () => url,
  };
  const ceph = { conf, user: 'wattle-volume', pool: 'volumes', balanceReads: true, purgeMs: 200 };
  const opened = await openRbd({ ...ceph, directory: work, images, maxImageGb: 1, log: silentLog() });
  t.after(() => opened.close());
  return opened;
}

rbdTest('a snapshot and a clone keep the data of their moment, and a revert brings it back', async (t) => {
  const { store } = await openStore(t);
  const [id, snapshot, clone] = [randomUUID(), randomUUID(), randomUUID()];
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await io(`volume-${id}`, 'write -P 7 0 64k');
  await store.ensureSnapshot({ id: snapshot, volumeId: id });
  await io(`volume-${id}`, 'write -P 9 0 64k');
  const source = { kind: 'snapshot', snapshotId: snapshot, volumeId: id } as const;
  await store.ensureVolume({ id: clone, sizeGb: 2, source });
  await io(`volume-${clone}`, 'read -P 7 0 64k', 'read -P 0 1G 64k');
  await store.replaceVolume({ id, sizeGb: 1, source });
  await io(`volume-${id}`, 'read -P 7 0 64k');
  await store.ensureSnapshotGone({ id: snapshot, volumeId: id });
  await store.ensureVolumeGone({ id });
  await io(`volume-${clone}`, 'read -P 7 0 64k');
  await store.ensureVolumeGone({ id: clone });
});

rbdTest('deleted volumes are freed once nothing was cloned from them', async (t) => {
  const { store, rbd } = await openStore(t);
  const [id, clone] = [randomUUID(), randomUUID()];
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await store.ensureVolume({ id: clone, sizeGb: 1, source: { kind: 'volume', volumeId: id } });
  await store.ensureVolumeGone({ id });
  assert.ok(!(await store.stored()).volumes.includes(id));
  await rbd.purge();
  assert.match(await admin('trash', 'ls', 'volumes'), new RegExp(id), 'the clone needs it');
  await store.ensureVolumeGone({ id: clone });
  const isFreed = async () => !new RegExp(`${id}|${clone}`).test(await admin('trash', 'ls', 'volumes'));
  await until('both are freed', isFreed);
});

rbdTest('a chain of clones is cut before it is long', async (t) => {
  const { store, rbd } = await openStore(t);
  const ids = Array.from({ length: 7 }, () => randomUUID());
  let source: { kind: 'blank' } | { kind: 'volume'; volumeId: string } = blank;
  for (const id of ids) {
    await store.ensureVolume({ id, sizeGb: 1, source });
    source = { kind: 'volume', volumeId: id };
  }
  const parents = await Promise.all(ids.map(async (id) => (await rbd.find(`volume-${id}`))?.parent ?? null));
  assert.deepEqual(
    parents.map((parent) => parent !== null),
    [false, true, true, true, true, true, false],
  );
  for (const id of ids) await store.ensureVolumeGone({ id });
});

rbdTest('an image in the same cluster becomes a volume without a copy', async (t) => {
  const file = join(directory, `${randomUUID()}.raw`);
  const image = await open(file, 'wx');
  await image.write(Buffer.alloc(8 << 20, 5));
  await image.close();
  const imageId = randomUUID();
  await admin('import', '--no-progress', file, `images/${imageId}`);
  await admin('snap', 'create', '--no-progress', `images/${imageId}@snap`);
  await admin('snap', 'protect', `images/${imageId}@snap`);
  const fsid = (await run(['ceph', '-c', conf, 'fsid'])).stdout.trim();
  const { store, rbd } = await openStore(t, `rbd://${fsid}/images/${imageId}/snap`);
  const id = randomUUID();
  const begunAt = performance.now();
  await store.ensureVolume({ id, sizeGb: 1, source: { kind: 'image', imageId, format: 'raw' } });
  t.diagnostic(`cloned in ${Math.round(performance.now() - begunAt)} ms, of five commands`);
  assert.equal((await rbd.find(`volume-${id}`))?.parent?.pool, 'images');
  await io(`volume-${id}`, 'read -P 5 0 8M', 'read -P 0 8M 1M');
  await store.ensureVolumeGone({ id });
});

rbdTest('the blocks of a backup are written with holes between them', async (t) => {
  const { store } = await openStore(t);
  const id = randomUUID();
  const blocks = async function* () {
    yield { offset: 0, bytes: Buffer.alloc(4096, 3) };
    yield { offset: 512 << 20, bytes: Buffer.alloc(4096, 4) };
  };
  await store.writeVolume({ id, sizeGb: 1 }, blocks());
  await io(`volume-${id}`, 'read -P 3 0 4k', 'read -P 0 4k 1M', `read -P 4 ${512 << 20} 4k`);
  const used = JSON.parse(await admin('du', '--format', 'json', `volumes/volume-${id}`));
  assert.ok(used.images[0].used_size <= 8 << 20, JSON.stringify(used));
  const { stream, close } = await store.readAs(id, 'raw');
  const [first] = (await stream.take(1).toArray()) as Buffer[];
  await close();
  assert.equal(first?.[0], 3);
  const tooMany = async function* () {
    yield { offset: 1 << 30, bytes: Buffer.alloc(4096) };
  };
  await assert.rejects(store.writeVolume({ id, sizeGb: 1 }, tooMany()), /fit/);
  await io(`volume-${id}`, 'read -P 3 0 4k');
  const qcow2 = await store.readAs(id, 'qcow2');
  assert.ok(qcow2.sizeBytes < 8 << 20);
  await qcow2.close();
  await store.ensureVolumeGone({ id });
});

rbdTest('a new volume has none of the data of a deleted one', async (t) => {
  const { store } = await openStore(t);
  const [one, other] = [randomUUID(), randomUUID()];
  await store.ensureVolume({ id: one, sizeGb: 1, source: blank });
  await io(`volume-${one}`, 'write -P 77 0 32M');
  await store.ensureVolumeGone({ id: one });
  await store.ensureVolume({ id: other, sizeGb: 1, source: blank });
  await io(`volume-${other}`, 'write -P 1 4k 512', 'read -P 0 0 4k', 'read -P 0 8k 31M');
  await store.ensureVolumeGone({ id: other });
});

rbdTest('after a crash parts are gone, and a volume that was being replaced has its former data', async (t) => {
  const { store } = await openStore(t);
  const id = randomUUID();
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await io(`volume-${id}`, 'write -P 6 0 4k');
  await admin('rename', `volumes/volume-${id}`, `volumes/old-${id}`);
  await admin('create', '--size', '1G', `volumes/part-${id}`);
  await admin('snap', 'create', '--no-progress', `volumes/old-${id}@clone-x`);
  const { store: again, rbd } = await openStore(t);
  assert.ok((await again.stored()).volumes.includes(id));
  assert.ok(![...(await rbd.names())].some((name) => /^(part|old)-/.test(name)));
  assert.deepEqual(
    (await rbd.snapshots()).filter((each) => each.includes(id)),
    [],
  );
  await io(`volume-${id}`, 'read -P 6 0 4k');
  await again.ensureVolumeGone({ id });
});

rbdTest('the pool reports its space, its replicas, and that reads go to all of them', async (t) => {
  const { store } = await openStore(t);
  const [pool] = await store.pools();
  assert.deepEqual([pool?.driver, pool?.protocol, pool?.replicas, pool?.balancedReads], ['rbd', 'ceph', 3, true]);
  assert.ok((pool?.freeGb ?? 0) > 1 && (pool?.totalGb ?? 0) < 24);
});
