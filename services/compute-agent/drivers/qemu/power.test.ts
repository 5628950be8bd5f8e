/** Guests that end: because somebody wished it, or did not want to wait. */
import assert from 'node:assert/strict';
import { Fault } from '#shared/errors/fault.ts';
import { exampleHost, guestWish, until } from '../../../../test/fakes/compute-host.ts';
import { processOf, qemuTest } from '../../../../test/fakes/qemu.ts';

qemuTest('P07: a process that no longer answers is ended by a wish for its end, and by no other', async (t) => {
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

qemuTest('a guest that does not power off is given up when a later wish replaces the wait', async (t) => {
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

qemuTest('a host that goes down ends its guests, which come back with it', async (t) => {
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
