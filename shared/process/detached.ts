/** Processes that outlive us: a session of their own, and a scope of their own where systemd would end them with us. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';

export interface DetachedOptions {
  /** Where it works; `findDetached` knows it again by this. */
  readonly cwd: string;
  /** What it says goes there, from its start. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it and gives its pid. Throws when it cannot be started; whether it stays is for the caller to see. */
export async function startDetached(words: readonly string[], { cwd, logFile, env }: DetachedOptions): Promise<number> {
  const says = await open(logFile, 'w', 0o600);
  try {
    const [command = '', ...args] = [...scope(), ...words];
    const stdio = ['ignore', says.fd, says.fd] as const;
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, detached: true, stdio: [...stdio] });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return child.pid ?? 0;
  } finally {
    await says.close();
  }
}

const scope = (): string[] =>
  existsSync('/run/systemd/system') && process.getuid?.() === 0
    ? ['systemd-run', '--scope', '--quiet', '--collect']
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
