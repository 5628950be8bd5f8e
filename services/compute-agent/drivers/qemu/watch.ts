/** Reports changes that no spec requested: a guest powers off, pauses on a full disk, or its process dies. */
import type { Power } from '../hypervisor.ts';
import { type Guest, type QemuHost, type Running, saveRecord } from './host.ts';
import { findRunning, powerNow, stop } from './power.ts';
import { isGoneWithin } from './processes.ts';
import type { QmpEvent } from './qmp.ts';
import type { GuestRecord } from './record.ts';

const watchedEvents = new Set(['SHUTDOWN', 'STOP', 'RESUME', 'BLOCK_IO_ERROR', 'GUEST_PANICKED']);

export function watch(host: QemuHost, guest: Guest, running: Running): void {
  const { log, queue } = host;
  const { id } = guest.record;
  const inQueue = (work: () => Promise<void>) =>
    queue(id, async () => {
      if (guest.running === running) await work();
    }).catch((error: unknown) => log.warn({ serverId: id, error }, 'could not read the state of a guest'));
  running.qmp.onEvent(({ event }: QmpEvent) => {
    if (watchedEvents.has(event)) void inQueue(() => refreshState(host, guest));
  });
  void running.qmp.closed.then(() => inQueue(() => onDisconnected(host, guest, running)));
}

/** Compares the guest with its last reported state. Ends the process of a guest that powered itself off. */
export async function refreshState(host: QemuHost, guest: Guest): Promise<void> {
  const { power, status } = await powerNow(guest);
  if (status === 'shutdown') {
    await saveOrKeepInMemory(host, guest, { power: 'off', reason: 'powered off from inside' });
    await stop(host, guest, { soft: false, graceMs: 0 });
  }
  const reason = status === 'io-error' ? ioErrorReason : null;
  if (status !== 'shutdown' && guest.record.reason !== reason) await saveOrKeepInMemory(host, guest, { reason });
  reportPower(host, guest, power);
}

const ioErrorReason =
  'The guest is paused: writes to one of its disks fail because the disk of the host is full or broken. Unpause the server when this is solved.';

/** Keeps the change in memory when a full disk makes the write fail, so that it is reported anyway. */
async function saveOrKeepInMemory(host: QemuHost, guest: Guest, change: Partial<GuestRecord>): Promise<void> {
  await saveRecord(host, guest, change).catch((error: unknown) => {
    host.log.warn({ serverId: guest.record.id, error }, 'could not save the record of a guest');
    guest.record = { ...guest.record, ...change };
  });
}

export function reportPower(host: QemuHost, guest: Guest, power: Power): void {
  if (guest.lastPower === power) return;
  guest.lastPower = power;
  host.onChange();
}

/** Either the process died, or only the QMP connection was closed. */
async function onDisconnected(host: QemuHost, guest: Guest, { process, ended }: Running): Promise<void> {
  guest.running = null;
  if (!(await isGoneWithin(process, 5_000))) {
    await findRunning(host, guest);
    return refreshState(host, guest);
  }
  const exitReason = ended ? await ended : 'exit status unknown';
  await saveOrKeepInMemory(host, guest, { power: 'off', reason: `the process died: ${exitReason}` });
  host.log.error({ serverId: guest.record.id, exitReason }, 'guest process died');
  reportPower(host, guest, 'off');
}
