/** Makes a guest what its spec says, from wherever it stands: first time, again, or after a crash half way. */
import type { GuestMachine, GuestSpec, GuestState } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { ForeignSocket } from '#shared/process/unix-socket.ts';
import type { Power } from '../hypervisor.ts';
import { ensureConfigDrive } from './config-drive.ts';
import { basesOf, ensureDisks } from './disks.ts';
import { freeUid, type Guest, type QemuHost, save } from './host.ts';
import { plugMissing, unplugOthers } from './hotplug.ts';
import { findRunning, powerNow, setRunning, start, stop } from './power.ts';
import { findProcess, kill } from './processes.ts';
import { QmpGone } from './qmp.ts';
import type { GuestRecord } from './record.ts';
import { assignSlots, nameDisks } from './slots.ts';
import { ensureTap, ensureTapGone } from './taps.ts';
import { say } from './watch.ts';

/** In the guest's turn. */
export async function reconcileGuest(host: QemuHost, spec: GuestSpec, replaced?: AbortSignal): Promise<GuestState> {
  const known = host.guests.get(spec.id);
  const guest = known ?? { record: newRecord(host, spec), running: null, seen: 'off' as const };
  host.guests.set(spec.id, guest); // at once: its user is taken
  if (!known) await save(host, guest, {});
  await findRunning(host, guest).catch((error: unknown) => endUnanswering(host, guest, spec, error));
  await leaveIfRequested(host, guest, spec, replaced);
  await (guest.running ? reconcileRunning(host, guest, spec, replaced) : reconcileStopped(host, guest, spec));
  const power = spec.power === 'off' ? 'off' : await setRunning(guest, spec.power);
  guest.seen = power;
  return stateOf(guest, power);
}

export const stateOf = ({ record }: Guest, power: Power): GuestState => ({
  id: record.id,
  power,
  machine: record.machine,
  devices: record.names,
});

function newRecord(host: QemuHost, spec: GuestSpec): GuestRecord {
  const nothing = { slots: {}, names: {}, bases: {}, taps: [], argv: [], reason: null, leaving: null };
  const id = { id: spec.id, uid: freeUid(host), machine: machineFor(host, spec.machine), spec };
  return { ...id, ...nothing, power: 'off', bootMark: spec.boot.mark };
}

/** The type stays for life; how it is run follows the host that it is on. */
function machineFor({ abilities, settings }: QemuHost, requested: GuestMachine | null): GuestMachine {
  const { accelerator, machineType } = abilities;
  if (requested?.accelerator === accelerator) return requested;
  const model = accelerator === 'kvm' ? 'host' : 'max';
  const cpu = settings.cpuModel === 'auto' ? model : settings.cpuModel;
  return { type: requested?.type ?? machineType, cpu, accelerator };
}

/**
 * Ends the process when it is to be off, or to boot anew. The mark is written before, with the process it means: whoever
 * comes after a crash ends that one and no later one.
 */
async function leaveIfRequested(host: QemuHost, guest: Guest, spec: GuestSpec, replaced?: AbortSignal): Promise<void> {
  const { running, record } = guest;
  if (record.bootMark !== spec.boot.mark)
    await save(host, guest, { bootMark: spec.boot.mark, leaving: running?.process ?? null });
  if (!guest.running) return;
  const wentOff = (await powerNow(guest)).status === 'shutdown'; // by itself, a moment ago
  if (!wentOff && !isLeaving(guest) && spec.power !== 'off') return;
  if (spec.power === 'off') await save(host, guest, { power: 'off', reason: null });
  const soft = !wentOff && (spec.power === 'off' || spec.boot.kind === 'soft');
  await stop(host, guest, { soft, graceMs: spec.graceMs, replaced });
}

/** A process that no longer answers is killed by a spec for its end, and by no other. */
async function endUnanswering(host: QemuHost, guest: Guest, spec: GuestSpec, error: unknown): Promise<void> {
  const { id, uid, bootMark, leaving } = guest.record;
  const endsAnyway = spec.power === 'off' || bootMark !== spec.boot.mark || leaving !== null;
  if (!(error instanceof QmpGone || error instanceof ForeignSocket) || !endsAnyway) throw error;
  const process = await findProcess(host.places.guest(id), id, uid);
  if (process) await kill(process);
}

const isLeaving = ({ running, record: { leaving } }: Guest) =>
  running !== null && leaving?.pid === running.process.pid && leaving.startedAt === running.process.startedAt;

/** No process: everything can be as specified, in any order of places. */
async function reconcileStopped(host: QemuHost, guest: Guest, spec: GuestSpec): Promise<void> {
  const before = guest.record.bases;
  const bases = await basesOf(host, spec);
  const slots = assignSlots(spec, guest.record.slots, host.settings.ports);
  const machine = machineFor(host, spec.machine ?? guest.record.machine);
  const names = nameDisks(spec, slots, {});
  await save(host, guest, { ...meant(guest, spec), machine, slots, names, bases, leaving: null });
  await ensureDisks(host, guest.record, before);
  if (spec.configDrive) await ensureConfigDrive(host.places, { ...guest.record, files: spec.configDrive });
  await dropOtherTaps(host, guest);
  if (spec.power === 'off') return;
  for (const nic of spec.nics)
    if (nic.bridge !== null) await ensureTap({ ...nic, bridge: nic.bridge }, guest.record.uid);
  await startOrSay(host, guest);
}

/** It runs: disks and NICs come and go; memory and processors wait for the next boot. */
async function reconcileRunning(host: QemuHost, guest: Guest, spec: GuestSpec, replaced?: AbortSignal): Promise<void> {
  const qmp = guest.running?.qmp;
  if (!qmp) return;
  await unplugOthers(guest, spec, qmp, replaced);
  const added = spec.disks.filter(({ id }) => guest.record.names[id] === undefined);
  const bases = { ...guest.record.bases, ...(await basesOf(host, { ...spec, disks: added })) };
  const slots = assignSlots(spec, guest.record.slots, host.settings.ports);
  const names = nameDisks(spec, slots, guest.record.names);
  await save(host, guest, { ...meant(guest, spec), slots, names, bases, leaving: null });
  await plugMissing(host, guest, qmp);
  await dropOtherTaps(host, guest);
}

/** Its taps are written down before they are made, so that none is forgotten. */
function meant({ record }: Guest, spec: GuestSpec): Partial<GuestRecord> {
  const taps = spec.nics.flatMap(({ tap, bridge }) => (bridge === null ? [] : [tap]));
  return { spec, power: spec.power, reason: null, taps: [...new Set([...record.taps, ...taps])] };
}

async function dropOtherTaps(host: QemuHost, guest: Guest): Promise<void> {
  const stay = new Set(guest.record.spec.nics.map(({ tap }) => tap));
  const go = guest.record.taps.filter((tap) => !stay.has(tap));
  if (go.length === 0) return;
  for (const tap of go) await ensureTapGone(tap);
  await save(host, guest, { taps: guest.record.taps.filter((tap) => stay.has(tap)) });
}

/** What keeps QEMU from starting seldom passes by itself, and the reason must reach whoever waits. */
async function startOrSay(host: QemuHost, guest: Guest): Promise<void> {
  for (let left = 2; ; left--) {
    try {
      return await start(host, guest);
    } catch (error) {
      host.log.warn({ serverId: guest.record.id, error }, 'guest did not start');
      if (left === 0)
        throw new Fault(500, 'unexpected', 'The guest could not be started.', {
          details: error instanceof Error ? error.message : String(error),
        });
    }
  }
}

/** After a power cut: as the last spec was, with the power that compute's row wants. */
export async function startAgain(host: QemuHost, guest: Guest, power: 'on' | 'paused'): Promise<void> {
  await reconcileGuest(host, { ...guest.record.spec, power });
  host.log.info({ serverId: guest.record.id }, 'guest started again after a power cut');
  say(host, guest, power);
  host.changed();
}
