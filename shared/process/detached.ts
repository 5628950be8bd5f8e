/** Processes that outlive us: a session of their own, and a scope of their own where systemd would end them with us. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';

interface DetachedOptions {
  /** Where it works; `findDetached` knows it again by this. */
  readonly cwd: string;
  /** What it says goes there, from its start. */
  readonly logFile: string;
  /** All that it gets beside PATH: no secret of ours is among it. */
  readonly env?: Readonly<Record<string, string>>;
  /** The name of its scope. */
  readonly unit?: string;
}

interface Detached {
  readonly pid: number;
  /** Says how it ended, while who began it lives. */
  readonly ended: Promise<string>;
}

/** Throws when it cannot be started; whether it stays is for the caller to see. */
export async function startDetached(words: readonly string[], options: DetachedOptions): Promise<Detached> {
  const { cwd, logFile, env, unit } = options;
  const says = await open(logFile, 'w', 0o600);
  try {
    const [command = '', ...args] = [...scope(unit), ...words];
    const stdio = ['ignore', says.fd, says.fd] as const;
    const only = { PATH: process.env.PATH, LC_ALL: 'C', ...env };
    const child = spawn(command, args, { cwd, env: only, detached: true, stdio: [...stdio] });
    child.unref();
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return { pid: child.pid ?? 0, ended };
  } finally {
    await says.close();
  }
}

const scope = (unit: string | undefined): string[] =>
  existsSync('/run/systemd/system') && process.getuid?.() === 0
    ? ['systemd-run', '--scope', '--quiet', '--collect', ...(unit === undefined ? [] : [`--unit=${unit}`]), '--']
    : [];

/** The pids of the processes of that name which work in that directory. A pid file may lie; the kernel does not. */
export const findDetached = (name: string, cwd: string): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isThat(pid, name, cwd));

function isThat(pid: number, name: string, cwd: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name && readlinkSync(`/proc/${pid}/cwd`) === cwd;
  } catch {
    return false; // it ended meanwhile, or is not ours to see
  }
}

/** When a process started, in ticks since the boot of the machine; null when it has ended. */
export function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null; // its name may hold blanks and brackets
  } catch {
    return null;
  }
}
