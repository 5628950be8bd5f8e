/** Guest processes: confined, found again by name and number, ended by number. */
import { accessSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export { isRoot, unprivileged } from '#shared/process/confined.ts';

/** A number alone comes back; with the time of its start it is one process only. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly startedAt: number;
}

/**
 * The process that works in that folder and runs that guest. The kernel is asked, not a file: it knows a process from
 * its first instruction, also one whose agent died before it could write anything down.
 */
export async function findProcess(folder: string, uuid: string, uid: number | null): Promise<ProcessId | null> {
  const cwd = await realpath(folder).catch(() => null);
  if (cwd === null) return null;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || !isThat(entry, cwd, uuid, uid)) continue;
    const found = await identify(Number(entry));
    if (found) return found;
  }
  return null;
}

/** The user is asked too: another's process may call itself anything. It still is ours before it changed its user. */
function isThat(pid: string, cwd: string, uuid: string, uid: number | null): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) !== cwd) return false;
    if (![uid, process.getuid?.()].includes(statSync(`/proc/${pid}`).uid)) return false;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0-uuid\0${uuid}\0`);
  } catch {
    return false; // it ended meanwhile, or is not ours to see
  }
}

export async function identify(pid: number): Promise<ProcessId | null> {
  const startedAt = await startOf(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** Null when there is no such process, or only its remains. */
async function startOf(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // the name before may hold blanks and brackets
  return !text || fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19]);
}

export const isAlive = async ({ pid, startedAt }: ProcessId): Promise<boolean> => (await startOf(pid)) === startedAt;

/** True when the process was gone within the time. */
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
    process.kill(guest.pid, 'SIGKILL');
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
