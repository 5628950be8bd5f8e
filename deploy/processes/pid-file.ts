/** Who runs a role: its pid, and when that process began, since a number alone may be somebody else's by now. */

import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { Refusal } from '../command.ts';

export interface Running {
  readonly pid: number;
  /** Of this boot and this process alone. */
  readonly startedAt: string;
  readonly ready: boolean;
}

export class AlreadyRunning extends Refusal {
  readonly running: Running;
  constructor(running: Running) {
    super(`process ${running.pid} runs already`);
    this.running = running;
  }
}

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Undefined when there is no such process. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : `${bootId}/${fields[18]}`;
  } catch {
    return undefined;
  }
}

/** The live process that the file names; a file left behind by kill -9 or a reboot names nobody. */
export function findRunning(file: string): Running | undefined {
  const named = readPidFile(file);
  return named && startOf(named.pid) === named.startedAt ? named : undefined;
}

/** For this process; throws AlreadyRunning when another has it. Two that ask at once get it once. */
export function takePidFile(file: string): void {
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

export function notePid(file: string, pid: number, ready = false): void {
  writeDurably(`${file}.${process.pid}`, recordOf(pid, ready));
  renameSync(`${file}.${process.pid}`, file);
}

/** Removes the file when it is this process's, or nobody's. */
export function releasePidFile(file: string): void {
  const running = findRunning(file);
  if (!running || running.pid === process.pid) rmSync(file, { force: true });
}

const recordOf = (pid: number, ready: boolean) => JSON.stringify({ pid, startedAt: startOf(pid) ?? '', ready });

function readPidFile(file: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Running;
  } catch {
    return undefined;
  }
}

/** Moved first and judged then, so a file that somebody wrote meanwhile is not lost: it goes back. */
function setAsideIfStale(file: string, aside: string): void {
  const running = findRunning(file);
  if (running) throw new AlreadyRunning(running);
  try {
    renameSync(file, aside);
  } catch {
    return; // there was none
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

function writeDurably(file: string, words: string): void {
  const handle = openSync(file, 'w', 0o644);
  try {
    writeSync(handle, words);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
