/** The file driver: images, full disks, leftovers of a crash. */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, mkdtemp, open, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { Session } from '#shared/clients/session.ts';
import { Fault } from '#shared/errors/fault.ts';
import { run } from '#shared/process/run.ts';
import { qcow2 } from '../../../../test/fakes/hostile-images/builders.ts';
import {
  blank,
  fileHost,
  grant,
  imagesWith,
  initiator,
  logIn,
  noImages,
  tgtTest,
} from '../../../../test/fakes/volume-host.ts';
import { imagesOf } from '../images.ts';
import { openFiles } from './file.ts';

tgtTest('file: a volume is created from an image, and uploaded as an image', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'image-'));
  t.after(() => rm(directory, { recursive: true }));
  const image = join(directory, 'image.qcow2');
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', image, '64M']);
  await run(['qemu-io', '-f', 'qcow2', '-c', 'write -q -P 5 1M 64k', image]);
  const uploaded: Buffer[] = [];
  const { agent } = await fileHost(t, await imagesWith(t, image, uploaded));
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: { kind: 'image', imageId: randomUUID(), format: 'qcow2' } });
  const state = await grant(agent, id, initiator);
  assert.doesNotMatch((await logIn(t, state, initiator, 'read -P 5 1M 64k')).stdout, /failed/);
  await agent.uploadVolume({ id: `${id}/upload`, volumeId: id, imageId: randomUUID(), format: 'qcow2' });
  await writeFile(image, Buffer.concat(uploaded));
  assert.match((await run(['qemu-io', '-f', 'qcow2', '-c', 'read -P 5 1M 64k', image])).stdout, /read 65536/);
});

tgtTest(
  'file: an image of another format, or with references to other files, is refused and leaves no file',
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'image-'));
    t.after(() => rm(directory, { recursive: true }));
    const image = join(directory, 'image');
    const host = await fileHost(t, await imagesWith(t, image));
    const from = (format: string) =>
      host.agent.ensureVolume({
        id: randomUUID(),
        sizeGb: 1,
        source: { kind: 'image', imageId: randomUUID(), format },
      });
    await writeFile(image, randomBytes(4096));
    await assert.rejects(from('qcow2'), /declared as qcow2, but its bytes are raw/);
    await assert.rejects(from('vmdk'), /declared as vmdk, but its bytes are raw/);
    await assert.rejects(from('ami'), /cannot become volumes/);
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/passwd', '-F', 'raw', image, '1M']);
    await assert.rejects(from('qcow2'), /backing file/);
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', image, '2G']);
    await assert.rejects(from('qcow2'), /larger than volume size 1GB/);
    for (const place of ['volumes', 'work']) assert.deepEqual(await readdir(join(host.directory, 'pool', place)), []);
  },
);

test('file: a full disk is a Fault, and no partial file is left', {
  skip: process.getuid?.() !== 0 && 'only root can mount',
}, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'full-'));
  await run(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'none', directory]);
  t.after(async () => {
    await run(['umount', directory]);
    await rm(directory, { recursive: true });
  });
  const store = await openFiles({ directory, pool: 'pool', images: noImages, maxImageGb: 1 });
  const [id, copy] = [randomUUID(), randomUUID()];
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await writeFile(await store.pathOf(id), randomBytes(5 * 2 ** 20), { flag: 'r+' });
  await assert.rejects(store.ensureSnapshot({ id: randomUUID(), volumeId: id }), /the disk is full/);
  await assert.rejects(store.ensureVolume({ id: copy, sizeGb: 1, source: { kind: 'volume', volumeId: id } }), Fault);
  assert.deepEqual(await readdir(join(directory, 'volumes')), [`${id}.raw`]);
  assert.deepEqual(await readdir(join(directory, 'snapshots')), []);
  assert.equal((await stat(join(directory, 'volumes', `${id}.raw`))).size, 2 ** 30);
});

test('R12: an image that was corrupted in its store is refused by its checksum', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'flipped-'));
  t.after(() => rm(directory, { recursive: true }));
  const bytes = randomBytes(100_000);
  const about = { id: 'i', disk_format: 'raw', container_format: 'bare', size: bytes.length, os_hash_algo: 'sha512' };
  const image = { ...about, os_hash_value: createHash('sha512').update(bytes).digest('hex') };
  const session = {
    json: async () => image,
    raw: async () => ({ status: 200, headers: {}, stream: Readable.from([bytes]) }),
  } as unknown as Session;
  const store = await openFiles({ directory, pool: 'pool', images: imagesOf(session), maxImageGb: 1 });
  const make = (id: string) =>
    store.ensureVolume({ id, sizeGb: 1, source: { kind: 'image', imageId: randomUUID(), format: 'raw' } });
  await make('whole');
  bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
  await assert.rejects(make('flipped'), /do not match its checksum/);
  for (const [place, names] of Object.entries({ volumes: ['whole.raw'], work: [] }))
    assert.deepEqual(await readdir(join(directory, place)), names);
});

test('OSSA-2014-033, OSSA-2015-011: a qcow2 header that a guest wrote to its volume is treated as data', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'planted-'));
  t.after(() => rm(directory, { recursive: true }));
  const secret = join(directory, 'secret');
  await writeFile(secret, 'secret of the host');
  const planted = Buffer.alloc(2 ** 20);
  qcow2({ backing: secret }).copy(planted);
  const store = await openFiles({ directory: join(directory, 'pool'), pool: 'pool', images: noImages, maxImageGb: 1 });
  const [id, clone, snapshot] = [randomUUID(), randomUUID(), randomUUID()];
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await writeFile(await store.pathOf(id), planted, { flag: 'r+' });
  await store.ensureSnapshot({ id: snapshot, volumeId: id });
  await store.ensureVolume({ id: clone, sizeGb: 2, source: { kind: 'volume', volumeId: id } });
  const again = randomUUID();
  await store.ensureVolume({ id: again, sizeGb: 1, source: { kind: 'snapshot', snapshotId: snapshot, volumeId: id } });
  for (const each of [id, clone, again]) {
    const file = await open(await store.pathOf(each), 'r');
    const { buffer } = await file.read(Buffer.alloc(planted.length), 0, planted.length, 0).finally(() => file.close());
    assert.ok(buffer.equals(planted));
    const bytes = await store.readAs(each, 'qcow2');
    const image = join(directory, 'image');
    await writeFile(image, bytes.stream);
    await bytes.close();
    const { stdout } = await run(['qemu-img', 'info', '--output=json', image]);
    assert.equal(JSON.parse(stdout)['backing-filename'], undefined);
    await run(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', image, `${image}.raw`]);
    const raw = await open(`${image}.raw`, 'r');
    const read = await raw.read(Buffer.alloc(planted.length), 0, planted.length, 0).finally(() => raw.close());
    assert.ok(read.buffer.equals(planted));
  }
});

test('S08: file: downloads and copies fail before the disk is full', {
  skip: process.getuid?.() !== 0 && 'only root can mount',
}, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'full-'));
  await run(['mount', '-t', 'tmpfs', '-o', 'size=40m', 'none', directory]);
  t.after(async () => {
    await run(['umount', directory]);
    await rm(directory, { recursive: true });
  });
  const download = async () => Readable.from(Array.from({ length: 39 }, () => randomBytes(2 ** 20)));
  const images = { ...noImages, download };
  const store = await openFiles({ directory, pool: 'pool', images, maxImageGb: 1, reserveBytes: 2 ** 30 });
  const source = { kind: 'image', imageId: randomUUID(), format: 'raw' } as const;
  await assert.rejects(store.ensureVolume({ id: randomUUID(), sizeGb: 1, source }), /the disk is full/);
  const id = randomUUID();
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await writeFile(await store.pathOf(id), randomBytes(38 * 2 ** 20 + 4096), { flag: 'r+' }); // what a guest may write
  await assert.rejects(store.ensureSnapshot({ id: randomUUID(), volumeId: id }), /the disk is full/);
  for (const place of ['snapshots', 'work']) assert.deepEqual(await readdir(join(directory, place)), []);
  await store.ensureVolumeGone({ id });
});

test('K26, K41: file: partial files of a crashed agent are removed at the next start', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'parts-'));
  t.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'volumes'), { recursive: true });
  await writeFile(join(directory, 'volumes', 'v.raw.1234.part'), 'half');
  await openFiles({ directory, pool: 'pool', images: noImages, maxImageGb: 1 });
  assert.deepEqual(await readdir(join(directory, 'volumes')), []);
});

tgtTest('file: what lies in the pool is managed unless it is a link, is no file, or has an unusual name', async (t) => {
  const { agent, store, directory } = await fileHost(t);
  const outside = join(directory, 'outside.raw');
  await writeFile(outside, 'of somebody else');
  const inPool = (name: string) => join(directory, 'pool', 'volumes', name);
  await symlink(outside, inPool('symbolic.raw'));
  await link(outside, inPool('hard.raw'));
  await mkdir(inPool('folder.raw'));
  await writeFile(inPool('-n.raw'), '');
  await writeFile(inPool('good.raw'), 'its data');
  const found = await store.listUnmanaged();
  const safe = found.filter(({ reasonNotSafe }) => reasonNotSafe === null).map(({ name }) => name);
  assert.deepEqual([found.length, safe], [5, ['good']]);
  for (const name of ['symbolic', 'hard', 'folder', '-n'])
    await assert.rejects(agent.adopt({ id: randomUUID(), as: 'volume', name }), Fault, name);
  await assert.rejects(agent.adopt({ id: randomUUID(), as: 'snapshot', name: 'good' }), Fault);
  const id = randomUUID();
  assert.deepEqual(await agent.adopt({ id, as: 'volume', name: 'good' }), { sizeGb: 1 });
  assert.equal((await stat(inPool(`${id}.raw`))).size, 2 ** 30);
  assert.equal((await stat(outside)).size, 16);
});
