/** Guests that are suspended to disk. The firmware counts ticks at 0x46c of the guest's memory, so that a boot is seen. */
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exampleHost, guestSpec, until } from '../../../../test/fakes/compute-host.ts';
import { processOf, qemuTest, recordOf } from '../../../../test/fakes/qemu.ts';
import { Qmp } from './qmp.ts';

async function ticksOf(stateDir: string, id: string): Promise<number> {
  const { uid } = await recordOf(stateDir, id);
  const qmp = await Qmp.connect(join(stateDir, 'guests', id, 'run', 'monitor.sock'), uid);
  const text = await qmp.execute<string>('human-monitor-command', { 'command-line': 'xp /1wd 0x46c' });
  qmp.close();
  return Number(/:\s+(\d+)/.exec(text)?.[1] ?? 0);
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

qemuTest('a suspended guest has no process, and goes on where it was under another agent', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const first = await open();
  const spec = guestSpec();
  const memory = join(stateDir, 'guests', spec.id, 'memory');
  await first.ensureGuest(spec);
  const ticks = await until('ticks', async () => {
    const seen = await ticksOf(stateDir, spec.id);
    return seen > 5 && seen;
  });
  for (const _ of [1, 2]) assert.equal((await first.ensureGuest({ ...spec, power: 'suspended' })).power, 'suspended');
  assert.deepEqual(first.guests(), [{ id: spec.id, power: 'suspended', reason: null }]);
  assert.ok(!(await processOf(stateDir, spec.id)));
  assert.equal((await stat(memory)).mode & 0o777, 0o600);
  await first.close();
  const second = await open();
  await second.recover(async () => 'suspended');
  assert.equal((await second.ensureGuest({ ...spec, power: 'paused' })).power, 'paused');
  assert.ok((await ticksOf(stateDir, spec.id)) >= ticks);
  assert.equal(await isThere(memory), false);
  assert.equal((await second.ensureGuest(spec)).power, 'on');
});

qemuTest('a reboot of a suspended guest, or its power-off, forgets its memory', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  const memory = join(stateDir, 'guests', spec.id, 'memory');
  await hypervisor.ensureGuest(spec);
  await hypervisor.ensureGuest({ ...spec, power: 'suspended' });
  const rebooted = { ...spec, boot: { mark: 'second', kind: 'hard' } } as const;
  assert.equal((await hypervisor.ensureGuest(rebooted)).power, 'on');
  assert.equal(await isThere(memory), false);
  await hypervisor.ensureGuest({ ...rebooted, power: 'suspended' });
  assert.equal((await hypervisor.ensureGuest({ ...rebooted, power: 'off' })).power, 'off');
  assert.equal(await isThere(memory), false);
});

qemuTest('a disk of another generation is made anew, and only once', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec({ power: 'off' });
  const disk = join(stateDir, 'guests', spec.id, 'root.qcow2');
  const born = async () => (await stat(disk, { bigint: true })).birthtimeNs;
  await hypervisor.ensureGuest(spec);
  const first = await born();
  const rebuilt = { ...spec, disks: spec.disks.map((each) => ({ ...each, generation: 'g2' })) };
  await hypervisor.ensureGuest(rebuilt);
  const second = await born();
  assert.notEqual(second, first);
  await hypervisor.ensureGuest(rebuilt);
  assert.equal(await born(), second);
  assert.deepEqual(JSON.parse(await readFile(join(stateDir, 'guests', spec.id, 'guest.json'), 'utf8')).generations, {
    root: 'g2',
  });
});
