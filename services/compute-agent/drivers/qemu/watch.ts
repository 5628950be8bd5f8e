/** What guests do by themselves: power off, stand still on a full disk, die. Each is said at once. */
import type { Power } from '../hypervisor.ts';
import { type Guest, type QemuHost, type Running, save } from './host.ts';
import { findRunning, powerNow, stop } from './power.ts';
import { isGoneWithin } from './processes.ts';
import type { QmpEvent } from './qmp.ts';
import type { GuestRecord } from './record.ts';

const reports = new Set(['SHUTDOWN', 'STOP', 'RESUME', 'BLOCK_IO_ERROR', 'GUEST_PANICKED']);

export function watch(host: QemuHost, guest: Guest, running: Running): void {
  const { log, inOrder } = host;
  const { id } = guest.record;
  const reconcile = (work: () => Promise<void>) =>
    inOrder(id, async () => {
      if (guest.running === running) await work();
    }).catch((error: unknown) => log.warn({ serverId: id, error }, 'guest could not be looked at'));
  running.qmp.onEvent(({ event }: QmpEvent) => {
    if (reports.has(event)) void reconcile(() => look(host, guest));
  });
  void running.qmp.closed.then(() => reconcile(() => lost(host, guest, running)));
}

/** Compares the guest with what was last said of it. One that powered itself off leaves its process behind. */
export async function look(host: QemuHost, guest: Guest): Promise<void> {
  const { power, status } = await powerNow(guest);
  if (status === 'shutdown') {
    await note(host, guest, { power: 'off', reason: 'powered off from inside' });
    await stop(host, guest, { soft: false, graceMs: 0 });
  }
  const reason = status === 'io-error' ? standsStill : null;
  if (status !== 'shutdown' && guest.record.reason !== reason) await note(host, guest, { reason });
  say(host, guest, power);
}

const standsStill =
  'The guest stands still: one of its disks takes no more writes, since it is full or has failed. Unpause it when there is room again.';

/** What is to be told is known at once, though a full disk lets nobody write it down. */
async function note(host: QemuHost, guest: Guest, change: Partial<GuestRecord>): Promise<void> {
  await save(host, guest, change).catch((error: unknown) => {
    host.log.warn({ serverId: guest.record.id, error }, 'what happened to a guest could not be written down');
    guest.record = { ...guest.record, ...change };
  });
}

export function say(host: QemuHost, guest: Guest, power: Power): void {
  if (guest.seen === power) return;
  guest.seen = power;
  host.changed();
}

/** The connection is over. Either the process died, or only the agent's line to it was cut. */
async function lost(host: QemuHost, guest: Guest, { process, ended }: Running): Promise<void> {
  guest.running = null;
  if (!(await isGoneWithin(process, 5_000))) {
    await findRunning(host, guest);
    return look(host, guest);
  }
  const how = ended ? await ended : 'nobody saw how';
  await note(host, guest, { power: 'off', reason: `the process died: ${how}` });
  host.log.error({ serverId: guest.record.id, how }, 'guest process died');
  say(host, guest, 'off');
}
