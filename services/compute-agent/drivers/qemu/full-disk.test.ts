/** A host whose disk is full, on real file systems. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { exampleHost, guestSpec } from '../../../../test/fakes/compute-host.ts';
import { faultMatching, imageDisk, rootTest } from '../../../../test/fakes/qemu.ts';
import type { ImageApi } from './images.ts';

rootTest('S03: a full disk of the host is a Fault that says so, and leaves no partial file', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const bytes = Buffer.alloc(8 << 20, 1);
  const facts = { status: 'active', format: 'raw', container: 'bare', sizeBytes: bytes.length, hash: null };
  const dir = await mkdtemp(join(tmpdir(), 'image-'));
  await writeFile(join(dir, 'image'), bytes);
  const api: ImageApi = {
    find: async () => facts,
    download: async () => createReadStream(join(dir, 'image')),
    upload: async () => {},
  };
  const hypervisor = await open({ api });
  const images = join(stateDir, 'images');
  await mkdir(images, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', images]);
  try {
    const spec = guestSpec({ disks: [imageDisk()] });
    await assert.rejects(hypervisor.ensureGuest(spec), faultMatching(/No space is left/));
    assert.deepEqual(await readdir(images), []);
  } finally {
    await run(['umount', images]);
    await rm(dir, { recursive: true });
  }
});

rootTest(
  'S02: a guest without space for its disk is refused with the reason, and boots when there is space',
  async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const hypervisor = await open();
    const guests = join(stateDir, 'guests');
    await mkdir(guests, { recursive: true });
    await run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=755', 'none', guests]);
    try {
      await writeFile(join(guests, 'ballast'), Buffer.alloc(1 << 20)).catch(() => {}); // to the last block
      const spec = guestSpec();
      await assert.rejects(hypervisor.ensureGuest(spec), faultMatching(/No space is left/));
      await truncate(join(guests, 'ballast'), 0);
      assert.equal((await hypervisor.ensureGuest(spec)).power, 'on');
      await hypervisor.ensureGuestGone({ id: spec.id });
      assert.deepEqual(await readdir(guests), ['ballast']);
    } finally {
      await run(['umount', '--lazy', guests]); // a process that ends may still hold it
    }
  },
);

rootTest(
  'OSSA-2013-029: the conversion of an image that expands beyond the disk is aborted, and its space is free again',
  async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const dir = await mkdtemp(join(tmpdir(), 'image-'));
    t.after(() => rm(dir, { recursive: true }));
    const [plain, packed] = [join(dir, 'plain'), join(dir, 'packed')];
    await writeFile(plain, Buffer.alloc(200 << 20, 'unfolds well'));
    const convert = [
      'qemu-img',
      'convert',
      '-f',
      'raw',
      '-O',
      'vmdk',
      '-o',
      'subformat=streamOptimized',
      plain,
      packed,
    ];
    await run(convert);
    const { size } = await stat(packed);
    assert.ok(size < 4 << 20, `${size} bytes`);
    const facts = { status: 'active', format: 'vmdk', container: 'bare', sizeBytes: size, hash: null };
    const download = async () => createReadStream(packed);
    const hypervisor = await open({ api: { find: async () => facts, download, upload: async () => {} } });
    const images = join(stateDir, 'images');
    await run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'none', images]);
    try {
      await assert.rejects(
        hypervisor.ensureGuest(guestSpec({ disks: [imageDisk()] })),
        faultMatching(/No space is left|more time, memory or room/), // the disk or the limit of the process, whichever is met first
      );
      assert.deepEqual(await readdir(images), []);
    } finally {
      await run(['umount', images]);
    }
  },
);
