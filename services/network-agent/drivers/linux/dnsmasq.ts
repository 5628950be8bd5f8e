/** Its processes. A pid file may lie, the kernel does not: the configuration's path is in the words it was started with. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export function isDnsmasq(pid: number, dir: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.some((word) => word.startsWith(`--conf-file=${dir}/`));
  } catch {
    return false; // it ended
  }
}

/** Every dnsmasq whose configuration lies below the directory. */
export const listDnsmasq = (dir: string): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isDnsmasq(pid, dir));

/** Resolves when it is gone; it has nothing to lose, so it is not asked for long. */
export async function ensureEnded(pid: number): Promise<void> {
  for (let tries = 0; isAlive(pid); tries += 1) {
    signal(pid, tries < 20 ? 'SIGTERM' : 'SIGKILL');
    await sleep(10);
    if (tries > 500) throw new Error(`dnsmasq ${pid} does not end`);
  }
}

function isAlive(pid: number): boolean {
  try {
    // The third word is the state: a zombie waits for its parent alone.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
