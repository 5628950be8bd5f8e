import { setTimeout as sleep } from 'node:timers/promises';
import { type Running, startOf } from './pid-file.ts';

const lives = ({ pid, startedAt }: Running) => startOf(pid) === startedAt;

/** Asks a process to end, and makes it after `patienceMs`. Content when it is gone already. */
export async function end(running: Running, patienceMs = 15_000): Promise<void> {
  signal(running, 'SIGTERM');
  if (await goneWithin(running, patienceMs)) return;
  signal(running, 'SIGKILL');
  await goneWithin(running, 5_000);
}

export async function goneWithin(running: Running, ms: number): Promise<boolean> {
  const until = Date.now() + ms;
  while (lives(running)) {
    if (Date.now() > until) return false;
    await sleep(20);
  }
  return true;
}

function signal(running: Running, name: NodeJS.Signals): void {
  if (!lives(running)) return;
  try {
    process.kill(running.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
