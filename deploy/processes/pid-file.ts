/**
 * Pid files of roles. The first line is the pid, as everywhere; the second is the start time of that process, since a
 * pid may be reused; the third is `ready` or `starting`.
 */
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { Refusal } from '../command.ts';

export interface Running {
  readonly pid: number;
  /** Unique to this boot and this process. */
  readonly startedAt: string;
  readonly ready: boolean;
}

export class AlreadyRunning extends Refusal {
  readonly running: Running;
  constructor(running: Running) {
    super(`process ${running.pid} is already running`);
    this.running = running;
  }
}

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Returns undefined when there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : `${bootId}/${fields[18]}`;
  } catch {
    return undefined;
  }
}

/** The live process that the file names; undefined for a file left behind by kill -9 or a reboot. */
export function findRunning(file: string): Running | undefined {
  const recorded = readPidFile(file);
  return recorded && startTimeOf(recorded.pid) === recorded.startedAt ? recorded : undefined;
}

/** For this process; throws AlreadyRunning when another owns the file. Of concurrent callers one succeeds. */
export function acquirePidFile(file: string): void {
  const mine = `${file}.${process.pid}`;
  writeDurably(mine, recordOf(process.pid, false));
  try {
    for (;;) {
      if (findRunning(file)?.pid === process.pid) return;
      setAsideIfStale(file, `${mine}.stale`);
      if (linked(mine, file)) return;
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

export function writePidFile(file: string, pid: number, ready = false): void {
  writeDurably(`${file}.${process.pid}`, recordOf(pid, ready));
  renameSync(`${file}.${process.pid}`, file);
}

/** Removes the file unless another live process owns it. */
export function releasePidFile(file: string): void {
  const running = findRunning(file);
  if (!running || running.pid === process.pid) rmSync(file, { force: true });
}

const recordOf = (pid: number, ready: boolean) =>
  `${pid}\n${startTimeOf(pid) ?? ''}\n${ready ? 'ready' : 'starting'}\n`;

function readPidFile(file: string): Running | undefined {
  try {
    return parsePidFile(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Earlier versions wrote JSON: a process that they started is still found. */
function parsePidFile(text: string): Running {
  if (text.startsWith('{')) return JSON.parse(text) as Running;
  const [pid, startedAt = '', state] = text.split('\n');
  return { pid: Number(pid), startedAt, ready: state === 'ready' };
}

/** Moves the file before checking it again, and links it back when another process wrote it meanwhile. */
function setAsideIfStale(file: string, aside: string): void {
  const running = findRunning(file);
  if (running) throw new AlreadyRunning(running);
  try {
    renameSync(file, aside);
  } catch {
    return; // there is no file
  }
  const newcomer = findRunning(aside);
  if (newcomer) linked(aside, file);
  rmSync(aside, { force: true });
  if (newcomer) throw new AlreadyRunning(newcomer);
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'w', 0o644);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
