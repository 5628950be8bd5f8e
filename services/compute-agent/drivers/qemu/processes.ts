/** Finds, identifies and kills guest processes. */

import { accessSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendSignal } from '../../../../shared/process/signal.ts';

export { isRoot, unprivileged } from '#shared/process/confined.ts';

/** Pids are reused; with its start time a pid identifies one process. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly startedAt: number;
}

/**
 * The process with that working directory and that `-uuid`, from /proc and not from a pid file: so it is found even
 * when the agent died before it could write anything.
 */
export async function findProcess(folder: string, uuid: string, uid: number | null): Promise<ProcessId | null> {
  const cwd = await realpath(folder).catch(() => null);
  if (cwd === null) return null;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || !isGuestProcess(entry, cwd, uuid, uid)) continue;
    const found = await identify(Number(entry));
    if (found) return found;
  }
  return null;
}

/** Checks the user too, since a process chooses its own argv. Until it has changed its user it still has the agent's. */
function isGuestProcess(pid: string, cwd: string, uuid: string, uid: number | null): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) !== cwd) return false;
    if (![uid, process.getuid?.()].includes(statSync(`/proc/${pid}`).uid)) return false;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0-uuid\0${uuid}\0`);
  } catch {
    return false; // it has ended, or cannot be read
  }
}

export async function identify(pid: number): Promise<ProcessId | null> {
  const startedAt = await startOf(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** Null when there is no such process, or it is a zombie. */
async function startOf(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // the name before may hold blanks and brackets
  return !text || fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19]);
}

export const isAlive = async ({ pid, startedAt }: ProcessId): Promise<boolean> => (await startOf(pid)) === startedAt;

/** Returns true when the process ended within the time. */
export async function isGoneWithin(guest: ProcessId, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; ; ) {
    if (!(await isAlive(guest))) return true;
    if (Date.now() >= end) return false;
    await sleep(20);
  }
}

export async function kill(guest: ProcessId): Promise<void> {
  if (!(await isAlive(guest))) return;
  try {
    sendSignal(guest.pid, 'SIGKILL');
  } catch {
    return; // it was faster
  }
  if (!(await isGoneWithin(guest, 10_000))) throw new Error(`process ${guest.pid} does not end`);
}

export function isUsable(path: string): boolean {
  try {
    accessSync(path, 6);
    return true;
  } catch {
    return false;
  }
}
