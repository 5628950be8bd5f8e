/**
 * Processes that outlive this one: in a session of their own and, under systemd, in a scope of their own, since systemd
 * ends all processes of a unit with it.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';

interface DetachedOptions {
  /** The working directory, by which `findDetached` recognises it. */
  readonly cwd: string;
  /** Gets its standard output and error; overwritten. */
  readonly logFile: string;
  /** Its environment besides PATH; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** The name of its systemd scope. */
  readonly unit?: string;
}

interface Detached {
  readonly pid: number;
  /** Resolves with its exit code or signal as text. */
  readonly ended: Promise<string>;
}

/** Resolves once it is started; throws when that fails. The caller checks whether it goes on running. */
export async function startDetached(argv: readonly string[], options: DetachedOptions): Promise<Detached> {
  const { cwd, logFile, env, unit } = options;
  const log = await open(logFile, 'w', 0o600);
  try {
    const [command = '', ...args] = [...scope(unit), ...argv];
    const stdio = ['ignore', log.fd, log.fd] as const;
    const only = { PATH: process.env.PATH, LC_ALL: 'C', ...env };
    const child = spawn(command, args, { cwd, env: only, detached: true, stdio: [...stdio] });
    child.unref();
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return { pid: child.pid ?? 0, ended };
  } finally {
    await log.close();
  }
}

const scope = (unit: string | undefined): string[] =>
  existsSync('/run/systemd/system') && process.getuid?.() === 0
    ? ['systemd-run', '--scope', '--quiet', '--collect', ...(unit === undefined ? [] : [`--unit=${unit}`]), '--']
    : [];

/** Returns the pids of processes with that name and working directory, from /proc: a pid file may be out of date. */
export const findDetached = (name: string, cwd: string): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => hasNameAndCwd(pid, name, cwd));

function hasNameAndCwd(pid: number, name: string, cwd: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name && readlinkSync(`/proc/${pid}/cwd`) === cwd;
  } catch {
    return false; // it has ended, or this user may not read it
  }
}

/** Returns when a process started, in clock ticks since boot; null when it has ended. */
export function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null; // the name may have blanks and brackets
  } catch {
    return null;
  }
}

/**
 * Whether every thread of a process has ended, so that its files and ports are free. The main thread may end before the
 * others, and the name and directory of the process are gone with it.
 */
export function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const isZombie = /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    return isZombie && readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}
