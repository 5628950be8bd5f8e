/** Starts, finds and stops the QEMU process of a guest. Must run in the queue of the guest. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { own } from '#shared/input/own.ts';
import { startDetached } from '#shared/process/detached.ts';
import type { Power } from '../hypervisor.ts';
import { partsOf, qemuArgv, secretFile } from './command.ts';
import { chownTo, makeFileFor } from './disks.ts';
import { deviceContextOf, type Guest, type QemuHost, type Running, saveRecord } from './host.ts';
import { guestPaths } from './paths.ts';
import { findProcess, identify, isAlive, isGoneWithin, kill, unprivileged } from './processes.ts';
import { Qmp } from './qmp.ts';

/** QEMU's run states; a status that is not listed means on. */
const powerByStatus: Readonly<Record<string, Power>> = {
  paused: 'paused',
  prelaunch: 'paused',
  inmigrate: 'suspended',
  postmigrate: 'suspended',
  'io-error': 'paused',
  shutdown: 'off',
  'guest-panicked': 'crashed',
  'internal-error': 'crashed',
};

/** The current power state; off without a process. */
export async function powerNow({ running }: Guest): Promise<{ power: Power; status: string }> {
  if (!running) return { power: 'off', status: 'none' };
  const { status } = await running.qmp.execute<{ status: string }>('query-status');
  return { power: own(powerByStatus, status) ?? 'on', status };
}

/** Sets `guest.running` to the process of an earlier agent, or to null. */
export async function findRunning(host: QemuHost, guest: Guest): Promise<void> {
  const { running, record } = guest;
  if (running && (await isAlive(running.process))) return;
  guest.running = null;
  const found = await findProcess(host.places.guest(record.id), record.id, record.uid);
  if (!found) return;
  const qmp = await Qmp.connect(host.places.of(record.id, guestPaths.qmp), record.uid);
  guest.running = { process: found, qmp, ended: null };
  host.watch(guest, guest.running);
}

/** Starts the process with its processors paused; with `incoming` it waits for its memory. Disks and taps must exist. */
export async function start(host: QemuHost, guest: Guest, incoming: boolean): Promise<void> {
  const { settings, places, log, capabilities } = host;
  const { record } = guest;
  const startedAt = Date.now();
  const context = deviceContextOf(host, record);
  const name = `${settings.cloudId}-${record.id}`;
  const argv = qemuArgv(settings.qemu, record, context, { ...settings, name, incoming });
  await saveRecord(host, guest, { argv });
  await mkdir(places.of(record.id, guestPaths.run), { recursive: true, mode: 0o700 });
  await chownTo(record.uid, places.of(record.id, guestPaths.run));
  const secrets = partsOf(record.spec, context).disks.flatMap((disk) => disk.secrets);
  for (const { id, data } of secrets) await makeFileFor(record.uid, places.of(record.id, secretFile(id)), data);
  try {
    const groups = record.machine.accelerator === 'kvm' ? capabilities.kvmGroups : [];
    const confinedArgv = [...unprivileged(record.uid, groups), ...argv];
    guest.running = await launchProcess(host, guest, confinedArgv, `wattle-${name}`);
  } finally {
    for (const { id } of secrets) await rm(places.of(record.id, secretFile(id)), { force: true });
  }
  host.watch(guest, guest.running);
  log.info(
    { serverId: record.id, pid: guest.running.process.pid, tookMs: Date.now() - startedAt },
    'guest process started',
  );
}

/** How long QEMU may take from its start to its QMP greeting on a busy machine. */
const greetingMs = 60_000;

const sockets = [guestPaths.guestAgent, guestPaths.qmp, guestPaths.monitor, guestPaths.serial, guestPaths.vnc];

async function launchProcess({ places }: QemuHost, { record }: Guest, argv: string[], unit: string): Promise<Running> {
  const output = places.of(record.id, guestPaths.output);
  for (const stale of [output, ...sockets.map((file) => places.of(record.id, file))]) await rm(stale, { force: true });
  const cwd = places.guest(record.id);
  // the variable marks the process as one of this cloud
  const { pid, ended } = await startDetached(argv, { cwd, logFile: output, unit, env: { WATTLE_GUEST: cwd } });
  let exitReason: string | null = null;
  void ended.then((how) => {
    exitReason = how;
  });
  for (const deadline = Date.now() + greetingMs; ; await sleep(25)) {
    const process = await identify(pid);
    const qmp = process && (await Qmp.connect(places.of(record.id, guestPaths.qmp), record.uid).catch(() => null));
    if (process && qmp) return { process, qmp, ended };
    if (exitReason !== null)
      throw new Error(`QEMU ended at its start (${exitReason}): ${await lastOutputLine(output)}`);
    if (Date.now() > deadline) throw new Error(`no QMP greeting from QEMU within ${greetingMs} ms`);
  }
}

/** The last line of QEMU's output, without its timestamp; warnings are skipped, every start has some. */
async function lastOutputLine(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => !/warning:/.test(line));
  return (lines.at(-1) ?? '').replace(/^\S+Z /, '').slice(0, 500);
}

/** Interval of power button presses: a guest that is booting ignores them. */
const powerButtonIntervalMs = 5_000;

interface Stop {
  readonly soft: boolean;
  readonly graceMs: number;
  /** Aborts the wait; the guest keeps running and the later spec is applied. */
  readonly replaced?: AbortSignal | undefined;
}

/** Ends the process; with `soft` it presses the power button first and waits for the grace period. */
export async function stop(host: QemuHost, guest: Guest, { soft, graceMs, replaced }: Stop): Promise<void> {
  const { running, record } = guest;
  if (!running) return;
  const { power } = await powerNow(guest).catch(() => ({ power: 'crashed' }) as const);
  const poweredOff = soft && power === 'on' && (await powersOffWithin(running, graceMs, replaced));
  guest.running = null; // its end is expected from here on
  await endProcess(running);
  host.log.info({ serverId: record.id, soft: poweredOff }, 'guest process ended');
}

async function powersOffWithin({ qmp }: Running, graceMs: number, replaced?: AbortSignal): Promise<boolean> {
  for (const deadline = Date.now() + graceMs; Date.now() < deadline; ) {
    const waitMs = Math.min(powerButtonIntervalMs, deadline - Date.now());
    const poweredOff = qmp.waitForEvent(({ event }) => event === 'SHUTDOWN', waitMs, replaced);
    await qmp.execute('system_powerdown').catch(() => {});
    if (await poweredOff) return true;
    replaced?.throwIfAborted();
  }
  return false;
}

async function endProcess({ qmp, process }: Running): Promise<void> {
  await qmp.execute('quit', {}, 5_000).catch(() => {});
  if (!(await isGoneWithin(process, 5_000))) await kill(process);
  qmp.close();
}

/** Resumes or pauses the guest. A crashed guest stays crashed until it is rebooted. */
export async function setRunning(guest: Guest, requested: 'on' | 'paused'): Promise<Power> {
  const { power } = await powerNow(guest);
  if (!guest.running || power === requested || power === 'crashed' || power === 'off') return power;
  await guest.running.qmp.execute(requested === 'on' ? 'cont' : 'stop');
  return (await powerNow(guest)).power;
}
