/** Volumes over iSCSI with CHAP, from a real tgtd: QEMU is the initiator, not the host's kernel. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DiskSpec } from '#shared/contracts/compute-agent.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { keyOf } from '../../services/compute-agent/drivers/qemu/devices.ts';
import { Qmp } from '../../services/compute-agent/drivers/qemu/qmp.ts';
import { luksHeader } from '../../services/volume-agent/drivers/luks.ts';
import { diskSpec, exampleHost, guestSpec, until } from '../fakes/compute-host.ts';
import { freePort } from '../fakes/free-port.ts';

const has = (program: string) => spawnSync(program, ['--version']).error === undefined;
const isRoot = process.getuid?.() === 0;
const skip =
  (!has('qemu-system-x86_64') && 'qemu-system-x86_64 is not installed') ||
  (!has('tgtd') && 'tgtd is not installed') ||
  (!isRoot && 'only root runs tgtd');

/** A target of its own with one volume of 64 MiB, which begins with `header`. */
async function openTarget(t: TestContext, header: Buffer | string = '') {
  const dir = await mkdtemp(join(tmpdir(), 'target-'));
  const [port, control] = [await freePort(), String(process.pid % 30_000)];
  const daemon = spawn('tgtd', ['-f', '-C', control, '--iscsi', `portal=127.0.0.1:${port}`], { stdio: 'ignore' });
  t.after(async () => {
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    for (const end of ['', '.lock']) await rm(`/var/run/tgtd/socket.${control}${end}`, { force: true });
    await rm(dir, { recursive: true });
  });
  const file = join(dir, 'volume');
  await writeFile(file, header);
  await truncate(file, 64 << 20);
  const admin = (...args: string[]) => run(['tgtadm', '-C', control, '--lld', 'iscsi', ...args]);
  await until(
    'tgtd answers',
    async () => (await tryRun(['tgtadm', '-C', control, '--mode', 'sys', '--op', 'show'])).code === 0,
  );
  const iqn = 'iqn.2026-11.test:volume';
  await admin('--op', 'new', '--mode', 'target', '--tid', '1', '-T', iqn);
  await admin('--op', 'new', '--mode', 'logicalunit', '--tid', '1', '--lun', '1', '-b', file);
  await admin('--op', 'bind', '--mode', 'target', '--tid', '1', '-I', 'ALL');
  await admin('--op', 'new', '--mode', 'account', '--user', 'me', '--password', 'open-sesame-12');
  await admin('--op', 'bind', '--mode', 'account', '--tid', '1', '--user', 'me');
  const volume = (secret: string, changes: Partial<DiskSpec> = {}): DiskSpec => {
    const login = { portal: `127.0.0.1:${port}`, iqn, lun: 1, user: 'me', secret };
    return diskSpec({
      id: 'b8c7ef2a-0d3f-4a3b-9f3c-1a2b3c4d5e6f',
      sizeGb: 0.0625,
      source: { kind: 'iscsi', ...login },
      ...changes,
    });
  };
  /** The volume has 128 MiB, at another LUN. */
  const grow = async () => {
    await truncate(file, 128 << 20);
    await admin('--op', 'new', '--mode', 'logicalunit', '--tid', '1', '--lun', '2', '-b', file);
    const { source } = volume('open-sesame-12');
    return { source: { ...source, lun: 2 } as DiskSpec['source'], sizeGb: 0.125 };
  };
  return { volume, grow };
}

test('a volume is hot plugged into a running guest and still attached after a reboot', { skip }, async (t) => {
  const { volume } = await openTarget(t);
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const plugged = { ...spec, disks: [...spec.disks, volume('open-sesame-12')] };
  const { devices } = await hypervisor.ensureGuest(plugged);
  assert.equal(devices[volume('').id], 'vdb');
  assert.deepEqual(await hypervisor.ensureGuest(plugged), await hypervisor.ensureGuest(plugged));
  const rebooted = await hypervisor.ensureGuest({ ...plugged, boot: { mark: 'again', kind: 'hard' } });
  assert.equal(rebooted.power, 'on');
  const { argv } = JSON.parse(await readFile(join(stateDir, 'guests', spec.id, 'guest.json'), 'utf8'));
  assert.match(argv.join(' '), /iqn\.2026-11\.test:volume/);
  assert.ok(!argv.join(' ').includes('open-sesame-12'));
});

test('a volume with limits is throttled when it is hot plugged, and after a reboot', {
  skip,
}, async (t) => {
  const { volume } = await openTarget(t);
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const limits = { 'iops-total': 50, 'bps-write': 1_000_000 };
  const plugged = { ...spec, disks: [...spec.disks, volume('open-sesame-12', { limits })] };
  const key = keyOf(volume('').id);
  const found = async () => {
    const { uid } = JSON.parse(await readFile(join(stateDir, 'guests', spec.id, 'guest.json'), 'utf8'));
    const qmp = await Qmp.connect(join(stateDir, 'guests', spec.id, 'run', 'monitor.sock'), uid);
    const read = qmp.execute<object>('qom-get', { path: `/objects/limits-${key}`, property: 'limits' });
    return read.catch(() => undefined).finally(() => qmp.close());
  };
  await hypervisor.ensureGuest(plugged);
  assert.deepEqual({ ...(await found()), ...limits }, await found());
  await hypervisor.ensureGuest({ ...plugged, boot: { mark: 'again', kind: 'hard' } });
  assert.deepEqual({ ...(await found()), ...limits }, await found());
});

test('a guest boots from a volume', { skip }, async (t) => {
  const { volume } = await openTarget(t);
  const { open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec({ disks: [volume('open-sesame-12', { bootIndex: 0 })] });
  const { power, devices } = await hypervisor.ensureGuest(spec);
  assert.deepEqual([power, Object.values(devices)], ['on', ['vda']]);
});

test('a wrong secret attaches no volume, and the guest keeps running without it', { skip }, async (t) => {
  const { volume } = await openTarget(t);
  const { open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  await assert.rejects(hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, volume('wrong')] }), { status: 500 });
  assert.deepEqual((await hypervisor.ensureGuest(spec)).devices, { root: 'vda' });
});

test('OSSA-2018-001: an encrypted volume is hot plugged and booted from with its key alone, which is in no argument', {
  skip,
}, async (t) => {
  const key = 'c0de'.repeat(16);
  const { volume } = await openTarget(t, await luksHeader({ keyBits: 256, secret: key }));
  const encrypted = (secret: string, bootIndex: number | null = null) =>
    volume('open-sesame-12', { bootIndex, encryption: { format: 'luks', secret } });
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const plugged = (secret: string) => hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, encrypted(secret)] });
  await assert.rejects(plugged('c0de'.repeat(15)), ({ details }: { details: string }) =>
    /Invalid password/.test(details),
  );
  assert.deepEqual((await hypervisor.ensureGuest(spec)).devices, { root: 'vda' });
  assert.equal((await plugged(key)).devices[volume('').id], 'vdb');
  const booted = { ...spec, disks: [encrypted(key, 0)], boot: { mark: 'again', kind: 'hard' } as const };
  assert.deepEqual(Object.values((await hypervisor.ensureGuest(booted)).devices), ['vda']);
  const { argv } = JSON.parse(await readFile(join(stateDir, 'guests', spec.id, 'guest.json'), 'utf8'));
  assert.ok(argv.join(' ').includes('"driver":"luks"') && !argv.join(' ').includes(key));
});

for (const key of [null, 'c0de'.repeat(16)])
  test(`${key ? 'an encrypted' : 'a'} volume that grows at another LUN is larger for the running guest, with limits too`, {
    skip,
  }, async (t) => {
    const { volume, grow } = await openTarget(t, key ? await luksHeader({ keyBits: 256, secret: key }) : '');
    const { stateDir, open } = await exampleHost(t);
    const hypervisor = await open();
    const spec = guestSpec();
    const limits = {
      limits: { 'iops-total': 500 },
      ...(key ? { encryption: { format: 'luks', secret: key } as const } : {}),
    };
    const disk = volume('open-sesame-12', limits);
    await hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, disk] });
    const { uid } = JSON.parse(await readFile(join(stateDir, 'guests', spec.id, 'guest.json'), 'utf8'));
    const qmp = await Qmp.connect(join(stateDir, 'guests', spec.id, 'run', 'monitor.sock'), uid);
    t.after(() => qmp.close());
    const nodeSizes = async () => {
      type Node = { 'node-name': string; image: { 'virtual-size': number } };
      const nodes = await qmp.execute<Node[]>('query-named-block-nodes', { flat: true });
      const mine = nodes.filter((node) => node['node-name'].startsWith(keyOf(disk.id)));
      return Object.fromEntries(
        mine.map((node) => [node['node-name'].slice(keyOf(disk.id).length), node.image['virtual-size'] / 2 ** 20]),
      );
    };
    const header = key ? 2 : 0;
    assert.deepEqual(await nodeSizes(), { '': 64 - header, '-raw': 64 - header, '-file': 64 });
    const grown = { ...spec, disks: [...spec.disks, { ...disk, ...(await grow()) }] };
    await hypervisor.ensureGuest(grown);
    assert.deepEqual(await nodeSizes(), { '': 128 - header, '-raw': 128 - header, '-l2-file': 128 });
    await hypervisor.ensureGuest(grown);
    await hypervisor.ensureGuest({ ...grown, boot: { mark: 'again', kind: 'hard' } });
    await hypervisor.ensureGuest(spec);
  });
