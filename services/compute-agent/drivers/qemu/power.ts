/** A guest's process: begun, found again, ended. All of it in the guest's turn. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { own } from '#shared/input/own.ts';
import { startDetached } from '#shared/process/detached.ts';
import type { Power } from '../hypervisor.ts';
import { partsOf, qemuArgv, secretFile } from './command.ts';
import { giveTo, makeFileFor } from './disks.ts';
import { fittingsOf, type Guest, type QemuHost, type Running, save } from './host.ts';
import { within } from './paths.ts';
import { findProcess, identify, isAlive, isGoneWithin, kill, unprivileged } from './processes.ts';
import { Qmp } from './qmp.ts';

/** QEMU's words for how a guest stands, in ours; what is not here runs. */
const powers: Readonly<Record<string, Power>> = {
  paused: 'paused',
  prelaunch: 'paused',
  'io-error': 'paused',
  shutdown: 'off',
  'guest-panicked': 'crashed',
  'internal-error': 'crashed',
};

/** How the guest stands this moment; off without a process. */
export async function powerNow({ running }: Guest): Promise<{ power: Power; status: string }> {
  if (!running) return { power: 'off', status: 'none' };
  const { status } = await running.qmp.execute<{ status: string }>('query-status');
  return { power: own(powers, status) ?? 'on', status };
}

/** Finds the process of an earlier agent, or learns that there is none. */
export async function findRunning(host: QemuHost, guest: Guest): Promise<void> {
  const { running, record } = guest;
  if (running && (await isAlive(running.process))) return;
  guest.running = null;
  const found = await findProcess(host.places.guest(record.id), record.id, record.uid);
  if (!found) return;
  const qmp = await Qmp.connect(host.places.of(record.id, within.qmp), record.uid);
  guest.running = { process: found, qmp, ended: null };
  host.watch(guest, guest.running);
}

/** Begins the process, its processors standing still. Disks and taps are there. */
export async function start(host: QemuHost, guest: Guest): Promise<void> {
  const { settings, places, log, abilities } = host;
  const { record } = guest;
  const startedAt = Date.now();
  const fittings = fittingsOf(host, record);
  const name = `${settings.cloudId}-${record.id}`;
  const argv = qemuArgv(settings.qemu, record, fittings, { ...settings, name });
  await save(host, guest, { argv });
  await mkdir(places.of(record.id, within.run), { recursive: true, mode: 0o700 });
  await giveTo(record.uid, places.of(record.id, within.run));
  const secrets = partsOf(record.spec, fittings).disks.flatMap(({ key, secret }) => (secret ? [{ key, secret }] : []));
  for (const { key, secret } of secrets)
    await makeFileFor(record.uid, places.of(record.id, secretFile(key)), secret.data);
  try {
    const groups = record.machine.accelerator === 'kvm' ? abilities.kvmGroups : [];
    const words = [...unprivileged(record.uid, groups), ...argv];
    guest.running = await launch(host, guest, words, `wattle-${name}`);
  } finally {
    for (const { key } of secrets) await rm(places.of(record.id, secretFile(key)), { force: true });
  }
  host.watch(guest, guest.running);
  log.info(
    { serverId: record.id, pid: guest.running.process.pid, tookMs: Date.now() - startedAt },
    'guest process began',
  );
}

/** How long QEMU may take from its start to its greeting; a busy machine needs some. */
const greetingMs = 60_000;

const sockets = [within.qmp, within.monitor, within.serial, within.vnc];

async function launch({ places }: QemuHost, { record }: Guest, words: string[], unit: string): Promise<Running> {
  const output = places.of(record.id, within.output);
  for (const stale of [output, ...sockets.map((file) => places.of(record.id, file))]) await rm(stale, { force: true });
  const cwd = places.guest(record.id);
  // its folder, for who looks for what belongs to this cloud
  const { pid, ended } = await startDetached(words, { cwd, logFile: output, unit, env: { WATTLE_GUEST: cwd } });
  let end: string | null = null;
  void ended.then((how) => {
    end = how;
  });
  for (const late = Date.now() + greetingMs; ; await sleep(25)) {
    const process = await identify(pid);
    const qmp = process && (await Qmp.connect(places.of(record.id, within.qmp), record.uid).catch(() => null));
    if (process && qmp) return { process, qmp, ended };
    if (end !== null) throw new Error(`QEMU ended at its start (${end}): ${await lastWords(output)}`);
    if (Date.now() > late) throw new Error('QEMU did not greet in time');
  }
}

/** What QEMU said last, for people: without the stamp, and without warnings that every start has. */
async function lastWords(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => !/warning:/.test(line));
  return (lines.at(-1) ?? '').replace(/^\S+Z /, '').slice(0, 500);
}

/** Press the button again: a guest in the middle of its boot does not hear it. */
const pressEveryMs = 5_000;

interface Stop {
  readonly soft: boolean;
  readonly graceMs: number;
  /** Ends the wait for the guest, which runs on: the later spec decides. */
  readonly replaced?: AbortSignal | undefined;
}

/** Softly within the grace if it is to be, then by force. Afterwards there is no process. */
export async function stop(host: QemuHost, guest: Guest, { soft, graceMs, replaced }: Stop): Promise<void> {
  const { running, record } = guest;
  if (!running) return;
  const { power } = await powerNow(guest).catch(() => ({ power: 'crashed' }) as const);
  const wentOff = soft && power === 'on' && (await goesOffWithin(running, graceMs, replaced));
  guest.running = null; // from here on its end surprises nobody
  await end(running);
  host.log.info({ serverId: record.id, soft: wentOff }, 'guest process ended');
}

async function goesOffWithin({ qmp }: Running, graceMs: number, replaced?: AbortSignal): Promise<boolean> {
  for (const late = Date.now() + graceMs; Date.now() < late; ) {
    const within = Math.min(pressEveryMs, late - Date.now());
    const off = qmp.heard(({ event }) => event === 'SHUTDOWN', within, replaced);
    await qmp.execute('system_powerdown').catch(() => {});
    if (await off) return true;
    replaced?.throwIfAborted();
  }
  return false;
}

async function end({ qmp, process }: Running): Promise<void> {
  await qmp.execute('quit', {}, 5_000).catch(() => {});
  if (!(await isGoneWithin(process, 5_000))) await kill(process);
  qmp.close();
}

/** Runs or stands still, as specified. A guest that crashed stays so, until it is rebooted. */
export async function setRunning(guest: Guest, requested: 'on' | 'paused'): Promise<Power> {
  const { power } = await powerNow(guest);
  if (!guest.running || power === requested || power === 'crashed' || power === 'off') return power;
  await guest.running.qmp.execute(requested === 'on' ? 'cont' : 'stop');
  return (await powerNow(guest)).power;
}
