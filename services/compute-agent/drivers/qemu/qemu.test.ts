/** Real QEMU, with guests that have no system: what the driver does with processes, files and devices. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as nodeTest, type TestContext } from 'node:test';
import type { DiskWish, GuestWish } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { run } from '#shared/process/run.ts';
import { diskWish, exampleHost, guestWish, nicWish, until } from '../example.ts';
import type { ImageApi } from './images.ts';
import { findProcess, isAlive, isRoot, kill } from './processes.ts';
import type { GuestRecord } from './record.ts';

const hasQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0;
const skip = !hasQemu && 'qemu-system-x86_64 is not installed';
const test = (name: string, work: (t: TestContext) => Promise<void>) => nodeTest(name, { skip }, work);
const rootTest = (name: string, work: (t: TestContext) => Promise<void>) =>
  nodeTest(name, { skip: skip || (!isRoot && 'only root can do it') }, work);

const recordOf = async (stateDir: string, id: string): Promise<GuestRecord> =>
  JSON.parse(await readFile(join(stateDir, 'guests', id, 'guest.json'), 'utf8'));

async function processOf(stateDir: string, id: string) {
  const { uid } = await recordOf(stateDir, id);
  return findProcess(join(stateDir, 'guests', id), id, uid);
}

const faultSaying = (words: RegExp) => (error: unknown) => error instanceof Fault && words.test(error.message);

test('a guest runs as a user of its own, without capabilities, under seccomp, for good', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const [one, other] = [guestWish(), guestWish()];
  await Promise.all([one, other].map((wish) => hypervisor.ensureGuest(wish)));
  const found = await processOf(stateDir, one.id);
  const status = await readFile(`/proc/${found?.pid}/status`, 'utf8');
  assert.match(status, /^CapEff:\s+0+$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  assert.match(status, /^Seccomp:\s+2$/m);
  if (!isRoot) return;
  const users = (await Promise.all([one, other].map(({ id }) => recordOf(stateDir, id)))).map(({ uid }) => uid);
  assert.equal(new Set([...users, 0]).size, 3);
  assert.match(status, new RegExp(`^Uid:\\s+${users[0]}\\s+${users[0]}\\s+${users[0]}`, 'm'));
});

test('a new mark begins one new process, said twice or by a new agent', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const wish = guestWish();
  await hypervisor.ensureGuest(wish);
  const before = await processOf(stateDir, wish.id);
  const again = { ...wish, boot: { mark: 'second', kind: 'hard' } } as const;
  await hypervisor.ensureGuest(again);
  const after = await processOf(stateDir, wish.id);
  assert.notDeepEqual(after, before);
  await hypervisor.ensureGuest(again);
  await hypervisor.close();
  const next = await open();
  await next.recover(null);
  await next.ensureGuest(again);
  assert.deepEqual(await processOf(stateDir, wish.id), after);
});

test('an agent that comes back finds its guests as they are, and can still plug', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const wishes = [guestWish(), guestWish({ power: 'paused' }), guestWish({ power: 'off' })];
  const first = await open();
  for (const wish of wishes) await first.ensureGuest(wish);
  const before = await processOf(stateDir, wishes[0]?.id ?? '');
  await first.close();
  const second = await open();
  await second.recover(null);
  const powers = Object.fromEntries(second.guests().map(({ id, power }) => [id, power]));
  assert.deepEqual(
    wishes.map(({ id }) => powers[id]),
    ['on', 'paused', 'off'],
  );
  const [wish] = wishes as [GuestWish];
  const { devices } = await second.ensureGuest({ ...wish, disks: [...wish.disks, diskWish({ id: 'extra' })] });
  assert.deepEqual(devices, { root: 'vda', extra: 'vdb' });
  assert.deepEqual(await processOf(stateDir, wish.id), before);
});

test('a process that dies is said at once, with how', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const said = Promise.withResolvers<void>();
  const hypervisor = await open({ changed: said.resolve });
  const wish = guestWish();
  await hypervisor.ensureGuest(wish);
  const found = await processOf(stateDir, wish.id);
  assert.ok(found);
  await kill(found);
  await said.promise;
  assert.deepEqual(hypervisor.guests(), [{ id: wish.id, power: 'off', reason: 'the process died: signal SIGKILL' }]);
  assert.equal((await hypervisor.ensureGuest(wish)).power, 'on');
});

/** Three guests, on, paused and off; then the host loses its power. */
async function powerCut(t: TestContext) {
  const { stateDir, open } = await exampleHost(t);
  const [on, paused, off] = [guestWish(), guestWish({ power: 'paused' }), guestWish({ power: 'off' })];
  const before = await open();
  for (const wish of [on, paused, off]) await before.ensureGuest(wish);
  await before.close();
  for (const { id } of [on, paused]) {
    const found = await processOf(stateDir, id);
    assert.ok(found);
    await kill(found);
  }
  return { on, paused, off, stateDir, after: await open() };
}

test('after a power cut the guests that were on come back, when their owner says so', async (t) => {
  const { on, paused, off, after, stateDir } = await powerCut(t);
  const asked: string[] = [];
  await after.recover(async (id) => {
    asked.push(id);
    if (asked.length === 1) throw new Error('compute is not up yet');
    return id === on.id ? 'on' : 'paused';
  });
  const powers = () => Object.fromEntries(after.guests().map(({ id, power }) => [id, power]));
  assert.deepEqual(
    powers(),
    { [on.id]: 'on', [paused.id]: 'paused', [off.id]: 'off' },
    'nobody is told that they stopped',
  );
  await until('the guest runs again', () => processOf(stateDir, on.id));
  await until('the other one too', () => processOf(stateDir, paused.id));
  assert.ok(!asked.includes(off.id));
  assert.equal(await processOf(stateDir, off.id), null);
});

test('after a power cut a guest that is no longer owned stays off', async (t) => {
  const { on, after, stateDir } = await powerCut(t);
  await after.recover(async () => null);
  const guest = () => after.guests().find(({ id }) => id === on.id);
  await until('it is said to be off', () => guest()?.power === 'off');
  assert.match(guest()?.reason ?? '', /its process was gone/);
  assert.equal(await processOf(stateDir, on.id), null);
});

test('nothing of a guest that is gone remains', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const wish = guestWish({ configDrive: { 'openstack/latest/meta_data.json': '{}' } });
  await hypervisor.ensureGuest(wish);
  const found = await processOf(stateDir, wish.id);
  await hypervisor.ensureGuestGone({ id: wish.id });
  assert.deepEqual(await readdir(join(stateDir, 'guests')), []);
  assert.ok(found && !(await isAlive(found)));
});

test('a target that lets nobody in is told in QEMU’s words, and its secret is nowhere to be read', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const secret = randomUUID();
  const login = { portal: '127.0.0.1:1', iqn: 'iqn.2026-11.test:none', lun: 1, user: 'me', secret };
  const volume = diskWish({ source: { kind: 'iscsi', ...login } });
  const wish = guestWish();
  const withVolume = { ...wish, disks: [...wish.disks, volume] };
  await assert.rejects(hypervisor.ensureGuest(withVolume), faultSaying(/iSCSI|LUN|connect/i));
  const { argv } = await recordOf(stateDir, wish.id);
  assert.ok(!argv.join(' ').includes(secret));
  assert.deepEqual(
    (await readdir(join(stateDir, 'guests', wish.id))).filter((name) => name.endsWith('.secret')),
    [],
  );
  assert.equal((await hypervisor.ensureGuest(wish)).power, 'on');
  await assert.rejects(hypervisor.ensureGuest(withVolume), faultSaying(/iSCSI|LUN|connect/i));
  assert.deepEqual((await hypervisor.ensureGuest(wish)).devices, { root: 'vda' });
});

test('a guest without a free place refuses one more device', async (t) => {
  const { open } = await exampleHost(t);
  const hypervisor = await open();
  const wish = guestWish();
  const many = Array.from({ length: 20 }, () => diskWish({ sizeGb: 0.1 }));
  await assert.rejects(
    hypervisor.ensureGuest({ ...wish, disks: [...wish.disks, ...many] }),
    faultSaying(/20 PCI ports/),
  );
});

test('disks grow, running or not, and never shrink', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const wish = guestWish();
  const sized = (sizeGb: number): GuestWish => ({ ...wish, disks: [diskWish({ id: 'root', bootIndex: 0, sizeGb })] });
  const bytes = async () => (await readFile(join(stateDir, 'guests', wish.id, 'root.qcow2'))).readBigUInt64BE(24);
  await hypervisor.ensureGuest(sized(1));
  await hypervisor.ensureGuest(sized(2));
  assert.equal(await bytes(), 2n << 30n);
  await hypervisor.ensureGuest({ ...sized(3), power: 'off' });
  await hypervisor.ensureGuest({ ...sized(1), power: 'off' });
  assert.equal(await bytes(), 3n << 30n);
});

/** An image API with one image: a qcow2 of 64 MiB, or what the test makes of it. */
async function oneImage(t: TestContext, changes: { words?: string[]; hash?: string; format?: string } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'image-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'image');
  await writeFile(join(dir, 'below'), 'x'.repeat(65_536));
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', ...(changes.words ?? []), path, '64M'], { cwd: dir });
  const bytes = await readFile(path);
  const value = changes.hash ?? createHash('sha512').update(bytes).digest('hex');
  const asked = { downloads: 0 };
  const sent: Buffer[] = [];
  const api: ImageApi = {
    find: async (id) => ({
      status: { waiting: 'queued', stuck: 'saving' }[id] ?? 'active',
      format: changes.format ?? 'qcow2',
      sizeBytes: bytes.length,
      hash: { algorithm: 'sha512', value },
    }),
    download: async () => {
      asked.downloads += 1;
      return createReadStream(path);
    },
    upload: async (_, body) => {
      for await (const chunk of body) sent.push(chunk as Buffer);
    },
  };
  return { api, asked, dir, sent };
}

const imageDisk = (changes: Partial<DiskWish> = {}): DiskWish =>
  diskWish({ id: 'root', bootIndex: 0, source: { kind: 'image', imageId: 'one', format: 'qcow2' }, ...changes });

test('an image is fetched once for all guests, and tidied away when no guest uses it', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const { api, asked } = await oneImage(t);
  const hypervisor = await open({ api });
  const wishes = [1, 2, 3].map(() => guestWish({ disks: [imageDisk()] }));
  await Promise.all(wishes.map((wish) => hypervisor.ensureGuest(wish)));
  assert.equal(asked.downloads, 1);
  assert.deepEqual(await readdir(join(stateDir, 'images')), ['one.qcow2']);
  await rm(join(stateDir, 'images', 'one.qcow2')); // as tidied: each guest has its own link
  const [wish] = wishes as [GuestWish];
  assert.equal((await hypervisor.ensureGuest({ ...wish, boot: { mark: 'again', kind: 'hard' } })).power, 'on');
});

const refused: [string, Parameters<typeof oneImage>[1], Partial<DiskWish>, RegExp][] = [
  ['whose bytes are not those of its checksum', { hash: 'f'.repeat(128) }, {}, /checksum/],
  ['that stands on another file', { words: ['-b', 'below', '-F', 'raw'] }, {}, /other files/],
  ['that is not of its format', { format: 'vmdk' }, {}, /cannot be read as vmdk/],
  ['that is larger than the disk', {}, { sizeGb: 0.03 }, /smaller than its image/],
];
for (const [what, image, disk, words] of refused) {
  test(`an image ${what} is refused, and nothing runs`, async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const { api } = await oneImage(t, image);
    const hypervisor = await open({ api });
    const wish = guestWish({ disks: [imageDisk(disk)] });
    await assert.rejects(hypervisor.ensureGuest(wish), faultSaying(words));
    assert.equal(await processOf(stateDir, wish.id), null);
    assert.deepEqual(
      (await readdir(join(stateDir, 'images'))).filter((name) => name.startsWith('work-')),
      [],
    );
  });
}

test('a disk without a size is as large as its image; another image makes it anew', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const { api } = await oneImage(t);
  const hypervisor = await open({ api });
  const wish = guestWish({ power: 'off', disks: [imageDisk({ sizeGb: 0 })] });
  await hypervisor.ensureGuest(wish);
  const path = join(stateDir, 'guests', wish.id, 'root.qcow2');
  assert.equal((await readFile(path)).readBigUInt64BE(24), 64n << 20n);
  const { birthtimeMs } = await stat(path);
  await hypervisor.ensureGuest(wish);
  assert.equal((await stat(path)).birthtimeMs, birthtimeMs);
  const source = { kind: 'image', imageId: 'two', format: 'qcow2' } as const;
  await hypervisor.ensureGuest({ ...wish, disks: [imageDisk({ sizeGb: 0, source })] });
  assert.notEqual((await stat(path)).birthtimeMs, birthtimeMs);
  assert.deepEqual(
    (await readdir(join(stateDir, 'guests', wish.id))).filter((name) => name.startsWith('base-')),
    ['base-two.qcow2'],
  );
});

test('swap and ephemeral disks come formatted', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const sizeGb = 0.0625;
  const wish = guestWish({
    power: 'off',
    disks: [diskWish({ id: 'swap', sizeGb }), diskWish({ id: 'ephemeral0', sizeGb })],
  });
  await hypervisor.ensureGuest(wish);
  const folder = join(stateDir, 'guests', wish.id);
  const headOf = async (key: string) => {
    await run(
      ['qemu-img', 'dd', '-f', 'qcow2', '-O', 'raw', 'bs=4096', 'count=1', `if=${key}.qcow2`, `of=${key}.raw`],
      { cwd: folder },
    );
    return readFile(join(folder, `${key}.raw`));
  };
  assert.equal((await headOf('swap')).toString('latin1', 4086, 4096), 'SWAPSPACE2');
  assert.equal((await headOf('ephemeral0')).readUInt16LE(0x438), 0xef53);
});

test('a process that no longer answers is ended by a wish for its end, and by no other', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const wish = guestWish();
  const first = await open();
  await first.ensureGuest(wish);
  await first.close();
  const found = await processOf(stateDir, wish.id);
  assert.ok(found);
  process.kill(found.pid, 'SIGSTOP');
  const hypervisor = await open();
  await assert.rejects(hypervisor.ensureGuest(wish), (error) => !(error instanceof Fault));
  assert.deepEqual(await processOf(stateDir, wish.id), found);
  assert.equal((await hypervisor.ensureGuest({ ...wish, power: 'off' })).power, 'off');
  assert.equal(await processOf(stateDir, wish.id), null);
});

test('a guest that does not power off is given up when a later wish replaces the wait', async (t) => {
  const { open } = await exampleHost(t);
  const hypervisor = await open();
  const wish = guestWish();
  await hypervisor.ensureGuest(wish);
  const replaced = new AbortController();
  const stopping = hypervisor.ensureGuest({ ...wish, power: 'off', graceMs: 600_000 }, replaced.signal);
  const gone = hypervisor.ensureGuestGone({ id: wish.id });
  replaced.abort();
  await assert.rejects(stopping);
  await gone;
  assert.deepEqual(hypervisor.guests(), []);
});

test('a host that goes down ends its guests, which come back with it', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const wish = guestWish();
  const first = await open();
  await first.ensureGuest(wish);
  await first.stopGuests(0);
  await first.close();
  assert.equal(await processOf(stateDir, wish.id), null);
  const second = await open();
  await second.recover(async () => 'on');
  await until('the guest runs again', () => processOf(stateDir, wish.id));
});

test('a snapshot waits while an upload that died still holds the image', async (t) => {
  const { open } = await exampleHost(t);
  const { api, sent } = await oneImage(t);
  const hypervisor = await open({ api });
  const wish = guestWish();
  await hypervisor.ensureGuest(wish);
  const upload = { id: `${wish.id}/snapshot`, serverId: wish.id, imageId: 'stuck', format: 'raw' } as const;
  await assert.rejects(hypervisor.uploadSnapshot(upload), (error) => !(error instanceof Fault));
  assert.equal(sent.length, 0);
});

for (const power of ['on', 'off'] as const)
  for (const format of ['qcow2', 'raw'] as const)
    test(`a snapshot of a guest that is ${power}, as ${format}, stands alone`, async (t) => {
      const { stateDir, open } = await exampleHost(t);
      const { api, sent, dir } = await oneImage(t);
      const hypervisor = await open({ api });
      const wish = guestWish({ power, disks: [imageDisk({ sizeGb: 0 })] });
      await hypervisor.ensureGuest(wish);
      await hypervisor.uploadSnapshot({ id: `${wish.id}/snapshot`, serverId: wish.id, imageId: 'waiting', format });
      await hypervisor.uploadSnapshot({ id: `${wish.id}/snapshot`, serverId: wish.id, imageId: 'sent', format });
      const copy = join(dir, 'copy');
      await writeFile(copy, Buffer.concat(sent));
      const { stdout } = await run(['qemu-img', 'info', '-f', format, '--output=json', copy]);
      const info = JSON.parse(stdout);
      assert.equal(info['virtual-size'], 64 << 20);
      assert.equal(info['backing-filename'], undefined);
      assert.ok(!(await readdir(join(stateDir, 'guests', wish.id))).includes('snapshot.new'));
      assert.deepEqual(hypervisor.guests()[0]?.power, power);
    });

rootTest('a tap belongs to the guest’s user, hangs on its bridge, and goes with the NIC', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const mark = randomUUID().slice(0, 8);
  const bridge = `b${mark}`;
  const nic = { ...nicWish(), tap: `t${mark}`, bridge };
  const wish = guestWish({ nics: [nic] });
  const late = hypervisor.ensureGuest(wish); // the bridge comes a moment after the wish
  await until('the guest is known', async () => hypervisor.guests().length);
  await run(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  t.after(() => run(['ip', 'link', 'delete', bridge]));
  await late;
  const of = async (name: string) => (await readFile(`/sys/class/net/${nic.tap}/${name}`, 'utf8')).trim();
  assert.equal(Number(await of('owner')), (await recordOf(stateDir, wish.id)).uid);
  assert.equal(await of('mtu'), '1450');
  assert.equal(await of('address'), nic.mac.replace(/^fa/, 'fe'));
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), [nic.tap]);
  await hypervisor.ensureGuest({ ...wish, power: 'off', nics: [] });
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), []);
  await hypervisor.ensureGuest(wish);
  await hypervisor.ensureGuestGone({ id: wish.id });
  assert.deepEqual(await readdir(`/sys/class/net/${bridge}/brif`), []);
});

rootTest('a disk of the host that is full is said, and leaves nothing half written', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const bytes = Buffer.alloc(8 << 20, 1);
  const facts = { status: 'active', format: 'raw', sizeBytes: bytes.length, hash: null };
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
    const wish = guestWish({ disks: [imageDisk()] });
    await assert.rejects(hypervisor.ensureGuest(wish), faultSaying(/No space is left/));
    assert.deepEqual(await readdir(images), []);
  } finally {
    await run(['umount', images]);
    await rm(dir, { recursive: true });
  }
});

rootTest('a guest whose disk finds no room is refused with the reason, and boots when there is some', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const guests = join(stateDir, 'guests');
  await mkdir(guests, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=755', 'none', guests]);
  try {
    await writeFile(join(guests, 'ballast'), Buffer.alloc(1 << 20)).catch(() => {}); // to the last block
    const wish = guestWish();
    await assert.rejects(hypervisor.ensureGuest(wish), faultSaying(/No space is left/));
    await truncate(join(guests, 'ballast'), 0);
    assert.equal((await hypervisor.ensureGuest(wish)).power, 'on');
    await hypervisor.ensureGuestGone({ id: wish.id });
    assert.deepEqual(await readdir(guests), ['ballast']);
  } finally {
    await run(['umount', guests]);
  }
});
