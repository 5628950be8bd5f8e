/** The first minutes of an agent: which guests run, and which a power cut took away. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#shared/errors/fault.ts';
import type { OwnerState } from '../hypervisor.ts';
import { type Guest, type QemuHost, save } from './host.ts';
import { findRunning, setRunning } from './power.ts';
import { startAgain } from './reconcile.ts';
import { readRecords } from './record.ts';
import { dropSnapshot } from './snapshot.ts';
import { look, say } from './watch.ts';

/** Resolves when every guest was looked at; those to start again follow in the background (`rest`), until `signal`. */
export async function recoverGuests(host: QemuHost, ownerState: OwnerState | null, signal: AbortSignal) {
  const { records, remains } = await readRecords(host.places);
  for (const id of remains) await rm(host.places.guest(id), { recursive: true, force: true });
  for (const record of records) host.guests.set(record.id, { record, running: null, seen: record.power });
  const lost: Guest[] = [];
  await eachOf([...host.guests.values()], 8, async (guest) => {
    const isLost = await host.inOrder(guest.record.id, () => lookAgain(host, guest));
    if (isLost) lost.push(guest);
  });
  if (ownerState === null) return { rest: Promise.resolve() };
  return { rest: eachOf(lost, 4, (guest) => bringBack(host, guest, ownerState, signal)) };
}

/** True when it should run, by what was last known, and does not. */
async function lookAgain(host: QemuHost, guest: Guest): Promise<boolean> {
  try {
    await findRunning(host, guest);
    await dropSnapshot(host, guest);
    if (!guest.running) return guest.record.power !== 'off';
    if (guest.record.power !== 'off') await setRunning(guest, guest.record.power);
    await look(host, guest);
  } catch (error) {
    host.log.warn({ serverId: guest.record.id, error }, 'guest could not be looked at');
  }
  return false;
}

/** Asks until somebody answers. Meanwhile the report says what was last known, so that nobody takes it for stopped. */
async function bringBack(host: QemuHost, guest: Guest, ownerState: OwnerState, signal: AbortSignal): Promise<void> {
  const { id } = guest.record;
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, 10_000)) {
    try {
      const wanted = await ownerState(id);
      return await host.inOrder(id, () => obey(host, guest, wanted));
    } catch (error) {
      if (error instanceof Fault) return host.inOrder(id, () => stayOff(host, guest, error.message));
      host.log.warn({ serverId: id, error }, 'guest waits to start again after a power cut');
    }
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}

async function obey(host: QemuHost, guest: Guest, wanted: 'on' | 'off' | 'paused' | null): Promise<void> {
  if (guest.running || host.guests.get(guest.record.id) !== guest) return; // a spec was faster
  if (wanted === null || wanted === 'off') return stayOff(host, guest, 'its process was gone when the host started');
  await startAgain(host, guest, wanted);
}

async function stayOff(host: QemuHost, guest: Guest, reason: string): Promise<void> {
  if (guest.running || host.guests.get(guest.record.id) !== guest) return;
  await save(host, guest, { power: 'off', reason });
  say(host, guest, 'off');
}

/** At most so many at once. */
export async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
