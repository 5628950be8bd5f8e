/** Processes of real QEMU guests without an operating system. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { GuestSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { tryRun } from '#shared/process/run.ts';
import { connectUnix, ForeignSocket } from '#shared/process/unix-socket.ts';
import { diskSpec, exampleHost, guestSpec, nicSpec, until } from '../../../../test/fakes/compute-host.ts';
import { faultMatching, processOf, qemuTest, recordOf, rootTest } from '../../../../test/fakes/qemu.ts';
import { isAlive, isRoot, kill } from './processes.ts';
import { Qmp } from './qmp.ts';

qemuTest('a guest runs as a user of its own, without capabilities, under seccomp', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const [one, other] = [guestSpec(), guestSpec()];
  await Promise.all([one, other].map((spec) => hypervisor.ensureGuest(spec)));
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

qemuTest('a new boot mark starts one new process, also when it is applied twice or by a new agent', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const before = await processOf(stateDir, spec.id);
  const again = { ...spec, boot: { mark: 'second', kind: 'hard' } } as const;
  await hypervisor.ensureGuest(again);
  const after = await processOf(stateDir, spec.id);
  assert.notDeepEqual(after, before);
  await hypervisor.ensureGuest(again);
  await hypervisor.close();
  const next = await open();
  await next.recover(null);
  await next.ensureGuest(again);
  assert.deepEqual(await processOf(stateDir, spec.id), after);
});

qemuTest('K65: a restarted agent finds its guests unchanged and can hot plug', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const specs = [guestSpec(), guestSpec({ power: 'paused' }), guestSpec({ power: 'off' })];
  const first = await open();
  for (const spec of specs) await first.ensureGuest(spec);
  const before = await processOf(stateDir, specs[0]?.id ?? '');
  await first.close();
  const second = await open();
  await second.recover(null);
  const powers = Object.fromEntries(second.guests().map(({ id, power }) => [id, power]));
  assert.deepEqual(
    specs.map(({ id }) => powers[id]),
    ['on', 'paused', 'off'],
  );
  const [spec] = specs as [GuestSpec];
  const { devices } = await second.ensureGuest({ ...spec, disks: [...spec.disks, diskSpec({ id: 'extra' })] });
  assert.deepEqual(devices, { root: 'vda', extra: 'vdb' });
  assert.deepEqual(await processOf(stateDir, spec.id), before);
});

qemuTest('the death of a process is reported at once, with its cause', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const reported = Promise.withResolvers<void>();
  const hypervisor = await open({ onChange: reported.resolve });
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const found = await processOf(stateDir, spec.id);
  assert.ok(found);
  await kill(found);
  await reported.promise;
  assert.deepEqual(hypervisor.guests(), [{ id: spec.id, power: 'off', reason: 'the process died: signal SIGKILL' }]);
  assert.equal((await hypervisor.ensureGuest(spec)).power, 'on');
});

/** Three guests, on, paused and off; then a power cut. */
async function powerCut(t: TestContext) {
  const { stateDir, open } = await exampleHost(t);
  const [on, paused, off] = [guestSpec(), guestSpec({ power: 'paused' }), guestSpec({ power: 'off' })];
  const before = await open();
  for (const spec of [on, paused, off]) await before.ensureGuest(spec);
  await before.close();
  for (const { id } of [on, paused]) {
    const found = await processOf(stateDir, id);
    assert.ok(found);
    await kill(found);
  }
  return { on, paused, off, stateDir, after: await open() };
}

qemuTest(
  'W01: after a power cut the guests that were on are restarted with the power state of their owner',
  async (t) => {
    const { on, paused, off, after, stateDir } = await powerCut(t);
    const queried: string[] = [];
    await after.recover(async (id) => {
      queried.push(id);
      if (queried.length === 1) throw new Error('compute is not up yet');
      return id === on.id ? 'on' : 'paused';
    });
    const powers = () => Object.fromEntries(after.guests().map(({ id, power }) => [id, power]));
    assert.deepEqual(
      powers(),
      { [on.id]: 'on', [paused.id]: 'paused', [off.id]: 'off' },
      'they are not reported as stopped',
    );
    await until('the guest runs again', () => processOf(stateDir, on.id));
    await until('the other one too', () => processOf(stateDir, paused.id));
    assert.ok(!queried.includes(off.id));
    assert.equal(await processOf(stateDir, off.id), null);
  },
);

qemuTest('after a power cut a guest that is no longer owned stays off', async (t) => {
  const { on, after, stateDir } = await powerCut(t);
  await after.recover(async () => null);
  const guest = () => after.guests().find(({ id }) => id === on.id);
  await until('it is reported as off', () => guest()?.power === 'off');
  assert.match(guest()?.reason ?? '', /its process was gone/);
  assert.equal(await processOf(stateDir, on.id), null);
});

qemuTest(
  'DEP-QEMU-VENOM, OSSN-0028: a guest has only the listed devices, and its argv has nothing about the host',
  async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const hypervisor = await open();
    const spec = guestSpec({
      nics: [nicSpec()],
      configDrive: {},
      disks: [diskSpec({ id: 'root' }), diskSpec({ bus: 'scsi' })],
    });
    await hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, diskSpec({ id: 'disc', cdrom: true })] });
    const { argv } = await recordOf(stateDir, spec.id);
    assert.ok(argv.includes('-nodefaults') && argv.includes('-no-user-config'));
    assert.ok(!argv.some((word) => /^-(smbios|fda|fdb|usb|usbdevice|soundhw|drive)$/.test(word)));
    const devices = argv.flatMap((word, at) => (argv[at - 1] === '-device' ? [word] : []));
    const names = devices.map((word) => (word.startsWith('{') ? JSON.parse(word).driver : word.split(',')[0]));
    const listed =
      'virtio-rng-pci pcie-root-port isa-serial VGA virtio-blk-pci virtio-net-pci virtio-scsi-pci scsi-hd scsi-cd ide-cd';
    assert.deepEqual(
      [...new Set(names)].filter((name) => !listed.split(' ').includes(name)),
      [],
    );
  },
);

rootTest('OSSA-2014-001: other users of the machine cannot enter the folders of the agent', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  for (const folder of [stateDir, join(stateDir, 'guests'), join(stateDir, 'images')])
    assert.equal((await stat(folder)).mode & 0o077, 0, folder);
  const asOtherUser = [
    'setpriv',
    '--reuid=4242',
    '--regid=4242',
    '--clear-groups',
    'ls',
    join(stateDir, 'guests', spec.id),
  ];
  assert.notEqual((await tryRun(asOtherUser)).code, 0);
});

qemuTest('K16: ensureGuestGone leaves no file and no process', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec({ configDrive: { 'openstack/latest/meta_data.json': '{}' } });
  await hypervisor.ensureGuest(spec);
  const found = await processOf(stateDir, spec.id);
  await hypervisor.ensureGuestGone({ id: spec.id });
  assert.deepEqual(await readdir(join(stateDir, 'guests')), []);
  assert.ok(found && !(await isAlive(found)));
});

qemuTest(
  'OSSA-2014-035: symbolic links that an escaped guest plants in place of its sockets do not lead to another guest',
  async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const hypervisor = await open();
    const [evil, other] = [guestSpec(), guestSpec()];
    await hypervisor.ensureGuest(evil);
    await hypervisor.ensureGuest(other);
    const found = await processOf(stateDir, evil.id);
    const run = (id: string, name: string) => join(stateDir, 'guests', id, 'run', name);
    for (const name of ['vnc.sock', 'qmp.sock', 'serial.sock']) {
      await rm(run(evil.id, name));
      await symlink(run(other.id, name), run(evil.id, name));
    }
    const screen = await hypervisor.vncSocket(evil.id);
    await assert.rejects(connectUnix(screen.path, screen.owner ?? undefined), ForeignSocket);
    const theirs = await hypervisor.vncSocket(other.id);
    (await connectUnix(theirs.path, theirs.owner ?? undefined)).destroy();
    await hypervisor.close();
    const after = await open();
    await after.recover(null);
    assert.equal(after.guests().find(({ id }) => id === other.id)?.power, 'on');
    await after.ensureGuestGone({ id: evil.id });
    assert.ok(found && !(await isAlive(found)), 'it ends without a socket');
    assert.equal((await after.ensureGuest(other)).power, 'on');
  },
);

qemuTest(
  'OSSA-2016-002, OSSN-0079: QEMU’s message about a target that refuses is shown to administrators only, and the secret is in no file',
  async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const hypervisor = await open();
    const secret = randomUUID();
    const login = { portal: '127.0.0.1:1', iqn: 'iqn.2026-11.test:none', lun: 1, user: 'me', secret };
    const volume = diskSpec({ source: { kind: 'iscsi', ...login } });
    const spec = guestSpec();
    const withVolume = { ...spec, disks: [...spec.disks, volume] };
    await assert.rejects(hypervisor.ensureGuest(withVolume), (error: unknown) => {
      assert.ok(error instanceof Fault && /iSCSI|LUN|connect/i.test(error.details ?? ''));
      assert.doesNotMatch(error.message, /iSCSI|QEMU|127\.0\.0\.1|iqn/);
      return true;
    });
    const { argv } = await recordOf(stateDir, spec.id);
    assert.ok(!argv.join(' ').includes(secret));
    assert.deepEqual(
      (await readdir(join(stateDir, 'guests', spec.id))).filter((name) => name.endsWith('.secret')),
      [],
    );
    assert.equal((await hypervisor.ensureGuest(spec)).power, 'on');
    await assert.rejects(hypervisor.ensureGuest(withVolume), faultMatching(/iSCSI|LUN|connect/i));
    assert.deepEqual((await hypervisor.ensureGuest(spec)).devices, { root: 'vda' });
  },
);

/** Unit by unit: what the running QEMU has on its SCSI controller. */
async function scsiUnits(stateDir: string, { id }: GuestSpec) {
  const { uid } = await recordOf(stateDir, id);
  const qmp = await Qmp.connect(join(stateDir, 'guests', id, 'run', 'monitor.sock'), uid);
  try {
    const devices = await qmp.execute<{ name: string; type: string }[]>('qom-list', { path: '/machine/peripheral' });
    const units = devices.filter(({ type }) => /scsi-(hd|cd)/.test(type));
    const found = units.map(async ({ name, type }) => {
      const lun = await qmp.execute<number>('qom-get', { path: `/machine/peripheral/${name}`, property: 'lun' });
      return `${lun} ${type.slice('child<'.length, -1)}`;
    });
    return (await Promise.all(found)).toSorted();
  } finally {
    qmp.close();
  }
}

qemuTest(
  'scsi disks are units of one virtio-scsi controller: booted, hot plugged, and found by the next agent',
  async (t) => {
    const { stateDir, open } = await exampleHost(t);
    const hypervisor = await open();
    const [root, volume] = [diskSpec({ id: 'root', bootIndex: 0, bus: 'scsi' }), diskSpec({ bus: 'scsi' })];
    const disc = diskSpec({ id: 'disc', bus: 'scsi', cdrom: true });
    const spec = guestSpec({ disks: [root, disc], configDrive: { 'openstack/latest/meta_data.json': '{}' } });
    await hypervisor.ensureGuest(spec);
    const booted = ['0 scsi-cd', '1 scsi-hd', '2 scsi-cd'];
    assert.deepEqual(await scsiUnits(stateDir, spec), booted);
    await hypervisor.ensureGuest({ ...spec, disks: [root, disc, volume] });
    assert.deepEqual(await scsiUnits(stateDir, spec), [...booted, '3 scsi-hd']);
    await hypervisor.close();
    const next = await open();
    await next.recover(null);
    assert.equal((await recordOf(stateDir, spec.id)).spec.disks.at(-1)?.bus, 'scsi');
    await next.ensureGuest(spec);
    assert.deepEqual(await scsiUnits(stateDir, spec), booted);
  },
);

qemuTest('a guest without a controller gets one with its first scsi disk, which keeps its PCI port', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  const [first, second] = [diskSpec({ bus: 'scsi' }), diskSpec()];
  await hypervisor.ensureGuest(spec);
  await hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, first] });
  assert.deepEqual(await scsiUnits(stateDir, spec), ['0 scsi-hd']);
  await hypervisor.ensureGuest(spec);
  const { devices } = await hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, second] });
  assert.deepEqual(devices, { root: 'vda', [second.id]: 'vdb' });
});

qemuTest('a guest without a free slot refuses another device', async (t) => {
  const { open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  const many = Array.from({ length: 20 }, () => diskSpec({ sizeGb: 0.1 }));
  await assert.rejects(
    hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, ...many] }),
    faultMatching(/20 PCI ports/),
  );
});
