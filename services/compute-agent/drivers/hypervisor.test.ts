/** The contract of a driver, tested on each of them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { diskSpec, exampleHost, guestSpec, nicSpec, openFake } from '../../../test/fakes/compute-host.ts';
import type { Hypervisor } from './hypervisor.ts';

const hasQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0;

const drivers: Record<string, { open: (t: TestContext) => Promise<Hypervisor>; skip: boolean | string }> = {
  fake: { open: async () => openFake(), skip: false },
  qemu: {
    open: async (t) => (await exampleHost(t)).open(),
    skip: !hasQemu && 'qemu-system-x86_64 is not installed',
  },
};

const powerOf = (hypervisor: Hypervisor, id: string) => hypervisor.guests().find((guest) => guest.id === id)?.power;
const isNotFound = (error: unknown) => error instanceof Fault && error.status === 404;

for (const [name, { open, skip }] of Object.entries(drivers)) {
  test(`${name}: a spec that is applied twice is one running guest`, { skip }, async (t) => {
    const hypervisor = await open(t);
    const spec = guestSpec();
    const first = await hypervisor.ensureGuest(spec);
    const second = await hypervisor.ensureGuest(spec);
    assert.deepEqual(second, first);
    assert.equal(first.power, 'on');
    assert.match(first.machine.type, /^pc-q35-\d/);
    assert.deepEqual(hypervisor.guests(), [{ id: spec.id, power: 'on', reason: null }]);
  });

  test(`${name}: a guest powers off, on, pauses and resumes as specified`, { skip }, async (t) => {
    const hypervisor = await open(t);
    const spec = guestSpec();
    for (const power of ['on', 'off', 'off', 'on', 'paused', 'on', 'paused', 'off', 'paused'] as const) {
      assert.equal((await hypervisor.ensureGuest({ ...spec, power })).power, power);
      assert.equal(powerOf(hypervisor, spec.id), power);
    }
  });

  test(`${name}: a guest is suspended and goes on; one that is off stays off`, { skip }, async (t) => {
    const hypervisor = await open(t);
    const spec = guestSpec();
    for (const power of ['on', 'suspended', 'suspended', 'on', 'paused', 'suspended', 'paused', 'off'] as const) {
      assert.equal((await hypervisor.ensureGuest({ ...spec, power })).power, power);
      assert.equal(powerOf(hypervisor, spec.id), power);
    }
  });

  test(`${name}: another boot mark reboots a guest, and changes nothing on a guest that is off`, {
    skip,
  }, async (t) => {
    const hypervisor = await open(t);
    const spec = guestSpec();
    await hypervisor.ensureGuest(spec);
    const again = { ...spec, boot: { mark: 'second', kind: 'hard' } } as const;
    assert.equal((await hypervisor.ensureGuest(again)).power, 'on');
    const off = { ...again, power: 'off', boot: { mark: 'third', kind: 'soft' } } as const;
    assert.equal((await hypervisor.ensureGuest(off)).power, 'off');
  });

  test(`${name}: disks have the device names that guests give them, hot plugged ones too`, { skip }, async (t) => {
    const hypervisor = await open(t);
    const spec = guestSpec({ nics: [nicSpec()] });
    const volume = diskSpec();
    const more = diskSpec();
    const { devices } = await hypervisor.ensureGuest(spec);
    assert.deepEqual(devices, { root: 'vda' });
    const plugged = await hypervisor.ensureGuest({
      ...spec,
      disks: [...spec.disks, volume, more],
      nics: [...spec.nics, nicSpec()],
    });
    assert.deepEqual(plugged.devices, { root: 'vda', [volume.id]: 'vdb', [more.id]: 'vdc' });
    const off = await hypervisor.ensureGuest({ ...spec, power: 'off', disks: [...spec.disks, more] });
    assert.deepEqual(off.devices, { root: 'vda', [more.id]: 'vdb' });
  });

  test(`${name}: scsi disks are sda, sdb …, also hot plugged and after another agent found them`, {
    skip,
  }, async (t) => {
    const hypervisor = await open(t);
    const [root, one, two] = [
      diskSpec({ id: 'root', bootIndex: 0, bus: 'scsi' }),
      diskSpec({ bus: 'scsi' }),
      diskSpec({ bus: 'scsi' }),
    ];
    const spec = guestSpec({ disks: [root], configDrive: {} });
    assert.deepEqual((await hypervisor.ensureGuest(spec)).devices, { root: 'sda' });
    const both = await hypervisor.ensureGuest({ ...spec, disks: [root, one, two] });
    assert.deepEqual(both.devices, { root: 'sda', [one.id]: 'sdb', [two.id]: 'sdc' });
    assert.deepEqual((await hypervisor.ensureGuest(spec)).devices, { root: 'sda' });
    const restarted = await hypervisor.ensureGuest({
      ...spec,
      disks: [root, two],
      boot: { mark: 'second', kind: 'hard' },
    });
    assert.deepEqual(restarted.devices, { root: 'sda', [two.id]: 'sdb' });
  });

  test(`${name}: a running guest has diagnostics and takes an NMI; one that is off has neither, and without an agent no password`, {
    skip,
  }, async (t) => {
    const hypervisor = await open(t);
    const spec = guestSpec({ nics: [nicSpec()] });
    await hypervisor.ensureGuest(spec);
    const { cpuNs, disks, nics, uptimeS } = await hypervisor.diagnostics(spec.id);
    assert.deepEqual([cpuNs.length, disks[0]?.device, nics.length, uptimeS < 600], [1, 'vda', 1, true]);
    await hypervisor.injectNmi(spec.id);
    const isConflict = (error: unknown) => error instanceof Fault && error.status === 409;
    await assert.rejects(hypervisor.setPassword(spec.id, 'root', 'new'), isConflict);
    await hypervisor.ensureGuest({ ...spec, power: 'off' });
    for (const refused of [hypervisor.diagnostics(spec.id), hypervisor.injectNmi(spec.id)])
      await assert.rejects(refused, isConflict);
    const withAgent = { ...spec, guestAgent: true as const, boot: { mark: 'second', kind: 'hard' as const } };
    assert.equal((await hypervisor.ensureGuest(withAgent)).power, 'on');
  });

  test(`${name}: the machine of the spec is the machine that boots`, { skip }, async (t) => {
    const hypervisor = await open(t);
    const machine = { type: 'pc-q35-6.2', cpu: 'qemu64', accelerator: 'tcg' } as const;
    const spec = guestSpec({ machine });
    assert.deepEqual((await hypervisor.ensureGuest(spec)).machine, machine);
  });

  test(`${name}: ensureGuestGone removes the guest and is idempotent`, { skip }, async (t) => {
    const hypervisor = await open(t);
    const spec = guestSpec();
    await hypervisor.ensureGuest(spec);
    await hypervisor.ensureGuestGone({ id: spec.id });
    await hypervisor.ensureGuestGone({ id: spec.id });
    await hypervisor.ensureGuestGone({ id: randomUUID() });
    assert.deepEqual(hypervisor.guests(), []);
  });

  test(`${name}: console and snapshot of an unknown guest are 404`, { skip }, async (t) => {
    const hypervisor = await open(t);
    await assert.rejects(async () => hypervisor.consoleLog(randomUUID(), null), isNotFound);
    await assert.rejects(async () => hypervisor.vncSocket(randomUUID()), isNotFound);
    const upload = { id: 'a/snapshot', serverId: randomUUID(), imageId: randomUUID(), format: 'qcow2' } as const;
    await assert.rejects(hypervisor.uploadSnapshot(upload), isNotFound);
  });

  test(`${name}: facts describe the host`, { skip }, async (t) => {
    const hypervisor = await open(t);
    const facts = await hypervisor.facts();
    assert.ok(facts.vcpus > 0 && facts.ramMb > 0 && facts.diskGb > 0 && facts.freeDiskGb <= facts.diskGb);
    assert.equal(facts.cpu.arch, 'x86_64');
    assert.ok(facts.hypervisor.version >= 1_000);
  });
}
