/** Stopping of guests. */

import assert from 'node:assert/strict';
import { Fault } from '#shared/errors/fault.ts';
import { sendSignal } from '../../../../shared/process/signal.ts';
import { exampleHost, guestSpec, until } from '../../../../test/fakes/compute-host.ts';
import { processOf, qemuTest } from '../../../../test/fakes/qemu.ts';

qemuTest('P07: a process that does not answer is killed only by a spec that ends it', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const spec = guestSpec();
  const first = await open();
  await first.ensureGuest(spec);
  await first.close();
  const found = await processOf(stateDir, spec.id);
  assert.ok(found);
  sendSignal(found.pid, 'SIGSTOP');
  const hypervisor = await open();
  await assert.rejects(hypervisor.ensureGuest(spec), (error) => !(error instanceof Fault));
  assert.deepEqual(await processOf(stateDir, spec.id), found);
  assert.equal((await hypervisor.ensureGuest({ ...spec, power: 'off' })).power, 'off');
  assert.equal(await processOf(stateDir, spec.id), null);
});

qemuTest('a later spec replaces the wait for a guest that does not power off', async (t) => {
  const { open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec();
  await hypervisor.ensureGuest(spec);
  const replaced = new AbortController();
  const stopping = hypervisor.ensureGuest({ ...spec, power: 'off', graceMs: 600_000 }, replaced.signal);
  const gone = hypervisor.ensureGuestGone({ id: spec.id });
  replaced.abort();
  await assert.rejects(stopping);
  await gone;
  assert.deepEqual(hypervisor.guests(), []);
});

qemuTest('stopGuests ends the guests of a host, and recover starts them again', async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const spec = guestSpec();
  const first = await open();
  await first.ensureGuest(spec);
  await first.stopGuests(0);
  await first.close();
  assert.equal(await processOf(stateDir, spec.id), null);
  const second = await open();
  await second.recover(async () => 'on');
  await until('the guest runs again', () => processOf(stateDir, spec.id));
});
