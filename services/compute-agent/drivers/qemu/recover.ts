/** Recovery at the start of an agent: which guests run, and which were lost in a power cut. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestPower } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { OwnerState } from '../hypervisor.ts';
import { type Guest, type QemuHost, saveRecord } from './host.ts';
import { findRunning, setRunning } from './power.ts';
import { restartAfterPowerCut } from './reconcile.ts';
import { readRecords } from './record.ts';
import { removePartialSnapshot } from './snapshot.ts';
import { awaitArrival } from './transfer/receive.ts';
import { refreshState, reportPower } from './watch.ts';

/** Resolves when every guest was checked; lost guests are restarted in the background (`rest`), until `signal`. */
export async function recoverGuests(host: QemuHost, ownerState: OwnerState | null, signal: AbortSignal) {
  const { records, leftovers } = await readRecords(host.places);
  for (const id of leftovers) await rm(host.places.guest(id), { recursive: true, force: true });
  for (const record of records) host.guests.set(record.id, { record, running: null, lastPower: record.power });
  const lost: Guest[] = [];
  await eachOf([...host.guests.values()], 8, async (guest) => {
    const isLost = await host.queue(guest.record.id, () => reattach(host, guest));
    if (isLost) lost.push(guest);
  });
  if (ownerState === null) return { rest: Promise.resolve() };
  return { rest: eachOf(lost, 4, (guest) => restartLost(host, guest, ownerState, signal)) };
}

/** Returns true when the guest should run by its record, and does not. */
async function reattach(host: QemuHost, guest: Guest): Promise<boolean> {
  try {
    await findRunning(host, guest);
    await removePartialSnapshot(host, guest);
    const { power } = guest.record;
    if (!guest.running) return power === 'on' || power === 'paused';
    const isMoving = guest.record.arrival?.state === 'waiting' || guest.record.departure?.sent === true;
    if (isMoving) awaitArrival(host, guest);
    else if (power === 'on' || power === 'paused') await setRunning(guest, power);
    await refreshState(host, guest);
  } catch (error) {
    host.log.warn({ serverId: guest.record.id, error }, 'could not read the state of a guest');
  }
  return false;
}

/** Retries until compute answers. Meanwhile the report has the last known state, so that the guest does not count as stopped. */
async function restartLost(host: QemuHost, guest: Guest, ownerState: OwnerState, signal: AbortSignal): Promise<void> {
  const { id } = guest.record;
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, 10_000)) {
    try {
      const wanted = await ownerState(id);
      return await host.queue(id, () => applyOwnerPower(host, guest, wanted));
    } catch (error) {
      if (error instanceof Fault) return host.queue(id, () => markOff(host, guest, error.message));
      host.log.warn({ serverId: id, error }, 'a guest waits for compute before its restart after a power cut');
    }
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}

async function applyOwnerPower(host: QemuHost, guest: Guest, wanted: GuestPower | null): Promise<void> {
  if (guest.running || host.guests.get(guest.record.id) !== guest) return; // a spec was applied meanwhile
  if (wanted === null || wanted === 'off' || wanted === 'suspended')
    return markOff(host, guest, 'its process was gone when the host started');
  await restartAfterPowerCut(host, guest, wanted);
}

async function markOff(host: QemuHost, guest: Guest, reason: string): Promise<void> {
  if (guest.running || host.guests.get(guest.record.id) !== guest) return;
  await saveRecord(host, guest, { power: 'off', reason });
  reportPower(host, guest, 'off');
}

/** Runs `work` on each item, at most `atOnce` at a time. */
export async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
