/** Brings a guest to its spec from any state: for the first time, again, or after a crash in the middle. */
import { rm } from 'node:fs/promises';
import type { GuestMachine, GuestSpec, GuestState } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ForeignSocket } from '#shared/process/unix-socket.ts';
import type { Power } from '../hypervisor.ts';
import { ensureConfigDrive } from './config-drive.ts';
import { configKey, keyOf } from './devices.ts';
import { basesOf, ensureDisks } from './disks.ts';
import { freeUid, type Guest, type QemuHost, saveRecord } from './host.ts';
import { plugMissing, unplugOthers } from './hotplug.ts';
import { dropSavedMemory, hasSavedMemory, restoreMemory, saveMemory } from './memory.ts';
import { guestPaths } from './paths.ts';
import { findRunning, powerNow, setRunning, start, stop } from './power.ts';
import { findProcess, kill } from './processes.ts';
import { QmpGone } from './qmp.ts';
import type { GuestRecord } from './record.ts';
import { assignSlots, nameDisks } from './slots.ts';
import { ensureTap, ensureTapGone } from './taps.ts';
import { reportPower } from './watch.ts';

/** Must run in the queue of the guest. */
export async function reconcileGuest(host: QemuHost, spec: GuestSpec, replaced?: AbortSignal): Promise<GuestState> {
  const guest = host.guests.get(spec.id) ?? (await newGuest(host, spec));
  await findRunning(host, guest).catch((error: unknown) => killUnresponsive(host, guest, spec, error));
  await stopIfRequested(host, guest, spec, replaced);
  await (guest.running ? reconcileRunning(host, guest, spec, replaced) : reconcileStopped(host, guest, spec));
  const power = await reachPower(host, guest, spec);
  guest.lastPower = power;
  return stateOf(guest, power);
}

/** A guest that never ran, or that is off, has no memory to keep: it is off then. */
async function reachPower(host: QemuHost, guest: Guest, { power }: GuestSpec): Promise<Power> {
  if (power === 'off') return 'off';
  if (power === 'suspended') return (await hasSavedMemory(host, guest)) ? 'suspended' : 'off';
  return setRunning(guest, power);
}

/** Must run in the queue of the guest. */
export async function newGuest(host: QemuHost, spec: GuestSpec): Promise<Guest> {
  const guest: Guest = { record: newRecord(host, spec), running: null, lastPower: 'off' };
  host.guests.set(spec.id, guest); // before the first await: it reserves the user id
  await saveRecord(host, guest, {});
  return guest;
}

export const stateOf = ({ record }: Guest, power: Power): GuestState => ({
  id: record.id,
  power,
  machine: record.machine,
  devices: record.names,
});

function newRecord(host: QemuHost, spec: GuestSpec): GuestRecord {
  const empty = { slots: {}, names: {}, bases: {}, taps: [], argv: [], reason: null, leaving: null };
  const id = {
    generations: generationsOf(spec),
    id: spec.id,
    uid: freeUid(host),
    machine: machineFor(host, spec.machine),
    spec,
  };
  return { ...id, ...empty, power: 'off', bootMark: spec.boot.mark };
}

/** The machine type never changes; accelerator and CPU model follow the host. */
function machineFor({ capabilities, settings }: QemuHost, requested: GuestMachine | null): GuestMachine {
  const { accelerator, machineType } = capabilities;
  if (requested?.accelerator === accelerator) return requested;
  const model = accelerator === 'kvm' ? 'host' : 'max';
  const cpu = settings.cpuModel === 'auto' ? model : settings.cpuModel;
  return { type: requested?.type ?? machineType, cpu, accelerator };
}

/**
 * Ends the process when the spec is off or has a new boot mark. The mark is saved before, with the process to end: after a
 * crash the next agent ends that process and no later one.
 */
async function stopIfRequested(host: QemuHost, guest: Guest, spec: GuestSpec, replaced?: AbortSignal): Promise<void> {
  const { running, record } = guest;
  if (record.bootMark !== spec.boot.mark) {
    await dropSavedMemory(host, guest);
    await saveRecord(host, guest, { bootMark: spec.boot.mark, leaving: running?.process ?? null });
  }
  if (!guest.running) return;
  const { power, status } = await powerNow(guest);
  const poweredOff = status === 'shutdown'; // by itself
  if (spec.power === 'suspended' && !poweredOff && !isLeaving(guest)) return suspend(host, guest);
  const isHalfway = power === 'suspended'; // its memory is in the file, or on the way back
  if (!poweredOff && !isHalfway && !isLeaving(guest) && spec.power !== 'off') return dropSavedMemory(host, guest);
  if (spec.power === 'off') await saveRecord(host, guest, { power: 'off', reason: null });
  const soft = !poweredOff && !isHalfway && (spec.power === 'off' || spec.boot.kind === 'soft');
  await stop(host, guest, { soft, graceMs: spec.graceMs, replaced });
}

/** The record says so before: after a crash the next agent goes on. */
async function suspend(host: QemuHost, guest: Guest): Promise<void> {
  await saveRecord(host, guest, { power: 'suspended', reason: null });
  await saveMemory(host, guest);
  await stop(host, guest, { soft: false, graceMs: 0 });
}

/** Kills a process that does not answer, but only when the spec ends it anyway. */
async function killUnresponsive(host: QemuHost, guest: Guest, spec: GuestSpec, error: unknown): Promise<void> {
  const { id, uid, bootMark, leaving } = guest.record;
  const mustEnd = spec.power === 'off' || bootMark !== spec.boot.mark || leaving !== null;
  if (!(error instanceof QmpGone || error instanceof ForeignSocket) || !mustEnd) throw error;
  const process = await findProcess(host.places.guest(id), id, uid);
  if (process) await kill(process);
}

const isLeaving = ({ running, record: { leaving } }: Guest) =>
  running !== null && leaving?.pid === running.process.pid && leaving.startedAt === running.process.startedAt;

/** Without a process every part of the spec can be applied. */
async function reconcileStopped(host: QemuHost, guest: Guest, spec: GuestSpec): Promise<void> {
  if (spec.power === 'off') await dropSavedMemory(host, guest);
  const before = guest.record;
  const bases = await basesOf(host, spec);
  const slots = assignSlots(spec, guest.record.slots, host.settings.ports);
  const machine = machineFor(host, spec.machine ?? guest.record.machine);
  const names = nameDisks(spec, slots, {});
  await saveRecord(host, guest, { ...specChanges(guest, spec), machine, slots, names, bases, leaving: null });
  await ensureDisks(host, guest.record, before);
  if (before.generations?.[configKey] !== spec.generation)
    await rm(host.places.of(spec.id, guestPaths.configDrive), { force: true });
  if (spec.configDrive) await ensureConfigDrive(host.places, { ...guest.record, files: spec.configDrive });
  await saveRecord(host, guest, { generations: generationsOf(spec) });
  await removeStaleTaps(host, guest);
  if (spec.power === 'off' || spec.power === 'suspended') return;
  for (const nic of spec.nics)
    if (nic.bridge !== null) await ensureTap({ ...nic, bridge: nic.bridge }, guest.record.uid);
  await startOrFault(host, guest);
}

/** By the key of a disk; that of the config drive is the guest's own. */
const generationsOf = ({ disks, generation }: GuestSpec): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(disks.flatMap((disk) => (disk.generation ? [[keyOf(disk.id), disk.generation]] : []))),
  ...(generation ? { [configKey]: generation } : {}),
});

/** On a running guest disks and NICs are hot plugged; memory and processors change at the next boot. */
async function reconcileRunning(host: QemuHost, guest: Guest, spec: GuestSpec, replaced?: AbortSignal): Promise<void> {
  const qmp = guest.running?.qmp;
  if (!qmp) return;
  await unplugOthers(guest, spec, qmp, replaced);
  const added = spec.disks.filter(({ id }) => guest.record.names[id] === undefined);
  const bases = { ...guest.record.bases, ...(await basesOf(host, { ...spec, disks: added })) };
  const slots = assignSlots(spec, guest.record.slots, host.settings.ports);
  const names = nameDisks(spec, slots, guest.record.names);
  await saveRecord(host, guest, { ...specChanges(guest, spec), slots, names, bases, leaving: null });
  await plugMissing(host, guest, qmp);
  await removeStaleTaps(host, guest);
}

/** Taps are recorded before they are created, so that none is left behind. */
function specChanges({ record }: Guest, spec: GuestSpec): Partial<GuestRecord> {
  const taps = spec.nics.flatMap(({ tap, bridge }) => (bridge === null ? [] : [tap]));
  return {
    spec,
    power: spec.power,
    reason: null,
    transfer: null,
    arrival: null,
    departure: null,
    taps: [...new Set([...record.taps, ...taps])],
  };
}

async function removeStaleTaps(host: QemuHost, guest: Guest): Promise<void> {
  const keep = new Set(guest.record.spec.nics.map(({ tap }) => tap));
  const stale = guest.record.taps.filter((tap) => !keep.has(tap));
  if (stale.length === 0) return;
  for (const tap of stale) await ensureTapGone(tap);
  await saveRecord(host, guest, { taps: guest.record.taps.filter((tap) => keep.has(tap)) });
}

/** A third failure is a Fault with the reason: what keeps QEMU from starting is rarely transient. */
async function startOrFault(host: QemuHost, guest: Guest): Promise<void> {
  for (let retriesLeft = 2; ; retriesLeft--) {
    try {
      return await startOrResume(host, guest);
    } catch (error) {
      host.log.warn({ serverId: guest.record.id, error }, 'guest did not start');
      if (retriesLeft === 0)
        throw new Fault(500, 'unexpected', 'The guest could not be started.', {
          details: error instanceof Error ? error.message : String(error),
        });
    }
  }
}

async function startOrResume(host: QemuHost, guest: Guest): Promise<void> {
  const incoming = await hasSavedMemory(host, guest);
  await start(host, guest, incoming);
  if (!incoming) return;
  await restoreMemory(host, guest).catch(async (error: unknown) => {
    await stop(host, guest, { soft: false, graceMs: 0 });
    throw error;
  });
}

/** Applies the last spec with the power state of compute's row. */
export async function restartAfterPowerCut(host: QemuHost, guest: Guest, power: 'on' | 'paused'): Promise<void> {
  await reconcileGuest(host, { ...guest.record.spec, power });
  host.log.info({ serverId: guest.record.id }, 'restarted a guest after a power cut');
  reportPower(host, guest, power);
  host.onChange();
}
