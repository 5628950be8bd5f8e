/** dnsmasq processes. A pid file may be stale, so a process is identified by the configuration path in its command line. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendSignal } from '../../../../shared/process/signal.ts';

export function isDnsmasq(pid: number, dir: string): boolean {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return argv.some((arg) => arg.startsWith(`--conf-file=${dir}/`));
  } catch {
    return false; // the process has ended
  }
}

/** The pids of every dnsmasq whose configuration is below the directory. */
export const listDnsmasq = (dir: string): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isDnsmasq(pid, dir));

/** Resolves when the process is gone. dnsmasq keeps no state, so SIGKILL follows SIGTERM soon. */
export async function ensureEnded(pid: number): Promise<void> {
  for (let tries = 0; isAlive(pid); tries += 1) {
    signal(pid, tries < 20 ? 'SIGTERM' : 'SIGKILL');
    await sleep(10);
    if (tries > 500) throw new Error(`dnsmasq ${pid} does not end`);
  }
}

function isAlive(pid: number): boolean {
  try {
    // The third field is the state. A zombie counts as ended.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    sendSignal(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
