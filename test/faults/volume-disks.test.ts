/** Storage hosts with a full, failing or stalled disk: the reason is reported, no partial data is left, other work continues. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { run, tryRun } from '#shared/process/run.ts';
import type { ImageStore } from '../../services/volume-agent/drivers/driver.ts';
import { openFakeExports } from '../../services/volume-agent/drivers/fake.ts';
import { openFiles } from '../../services/volume-agent/drivers/file/file.ts';
import { volumesOf } from '../../services/volume-agent/operations.ts';
import { startVolumes, until, waitForHosts } from '../e2e/volume-cloud.ts';
import { noImages } from '../fakes/volume-host.ts';

const MiB = 2 ** 20;
const rootOnly = { skip: process.getuid?.() !== 0 && 'only root can mount' };

/** A storage host on a small disk of its own. */
async function onSmallDisk(t: TestContext, mib: number, images: ImageStore = noImages) {
  const directory = await mkdtemp(join(tmpdir(), 'small-'));
  await run(['mount', '-t', 'tmpfs', '-o', `size=${mib}m`, 'none', directory]);
  t.after(async () => {
    await tryRun(['umount', '-l', directory]);
    await rm(directory, { recursive: true });
  });
  const store = await openFiles({ directory, pool: 'pool', images, maxImageGb: 1, reserveBytes: 2 ** 30 });
  return { directory, store, agent: volumesOf({ store, exporter: openFakeExports('127.0.0.1:3260'), images }) };
}

test(
  'S08: a download that would fill the disk fails before it is full, and deletes still work',
  rootOnly,
  async (t) => {
    const download = async () => Readable.from(Array.from({ length: 200 }, () => randomBytes(MiB)));
    const { directory, store, agent } = await onSmallDisk(t, 60, { ...noImages, download });
    const id = randomUUID();
    await agent.ensureVolume({ id, sizeGb: 1, source: { kind: 'blank' } });
    const source = { kind: 'image', imageId: randomUUID(), format: 'raw' } as const;
    await assert.rejects(agent.ensureVolume({ id: randomUUID(), sizeGb: 1, source }), { status: 507 });
    assert.deepEqual(await readdir(join(directory, 'work')), []);
    assert.deepEqual(await readdir(join(directory, 'volumes')), [`${id}.raw`]);
    await writeFile(await store.pathOf(id), randomBytes(59 * MiB), { flag: 'r+' }).catch(() => {});
    await assert.rejects(agent.ensureSnapshot({ id: randomUUID(), volumeId: id }), { status: 507 });
    await agent.ensureVolumeGone({ id });
    assert.deepEqual(await readdir(join(directory, 'volumes')), []);
  },
);

test(
  'S08: concurrent copies that do not all fit are refused before they are written, with the numbers',
  rootOnly,
  async (t) => {
    const { directory, store, agent } = await onSmallDisk(t, 100);
    const id = randomUUID();
    await agent.ensureVolume({ id, sizeGb: 1, source: { kind: 'blank' } });
    await writeFile(await store.pathOf(id), randomBytes(30 * MiB), { flag: 'r+' });
    const copies = Array.from({ length: 6 }, () =>
      agent.ensureVolume({ id: randomUUID(), sizeGb: 1, source: { kind: 'volume', volumeId: id } }),
    );
    const made = await Promise.allSettled(copies);
    const refused = made.filter((each) => each.status === 'rejected');
    assert.equal(refused.length, 4); // two of 30 MiB fit into what is free of 100 MiB
    for (const { reason } of refused)
      assert.match(String(reason.details), /the disk is full, nothing was written: \d+ bytes are needed, \d+ are free/);
    const { bavail, bsize } = await statfs(directory);
    assert.ok(bavail * bsize >= 4 * MiB);
  },
);

test('S18: on a read-only disk creates fail with the cause; they work again afterwards', rootOnly, async (t) => {
  const { directory, agent } = await onSmallDisk(t, 60);
  const cloud = await startVolumes(t);
  cloud.startHost(agent);
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  await run(['mount', '-o', 'remount,ro', directory]);
  assert.equal((await cloud.createAndWait()).status, 'error');
  assert.match((await cloud.messages())[0].user_message, /the disk of the pool fails: EROFS/);
  assert.equal((await cloud.show(id)).status, 'available');
  await run(['mount', '-o', 'remount,rw', directory]);
  assert.equal((await cloud.createAndWait()).status, 'available');
  await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  await cloud.isGone(`/volumes/${id}`);
});

test('S16: a transient disk error is retried; a permanent one fails the create, and the host continues', async (t) => {
  const cloud = await startVolumes(t, { answerMs: 400 });
  const broken = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
  let failures = 2;
  const host = cloud.startHost({
    ensureVolume: async (spec: VolumeSpec) => {
      failures -= 1;
      if (failures >= 0) throw broken;
      return host.agent.ensureVolume(spec);
    },
  });
  await waitForHosts(cloud, 1);
  assert.equal((await cloud.createAndWait()).status, 'available');
  failures = Number.POSITIVE_INFINITY;
  assert.equal((await cloud.createAndWait()).status, 'error');
  failures = 0;
  assert.equal((await cloud.createAndWait()).status, 'available');
});

test('a stalled write of one volume does not block others, and completes later', async (t) => {
  const cloud = await startVolumes(t);
  const stalled = Promise.withResolvers<void>();
  t.after(() => stalled.resolve());
  let first = true;
  const host = cloud.startHost({
    ensureVolume: async (spec: VolumeSpec) => {
      const mine = first;
      first = false;
      if (mine) await stalled.promise;
      return host.agent.ensureVolume(spec);
    },
  });
  await waitForHosts(cloud, 1);
  const slow = (await cloud.create()).body.volume.id;
  await until(() => !first);
  const { id } = await cloud.createAndWait();
  await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
  await cloud.isGone(`/volumes/${id}`);
  assert.equal((await cloud.show(slow)).status, 'creating');
  stalled.resolve();
  assert.equal((await cloud.waitUntilStable(slow)).status, 'available');
});
