import { setTimeout as sleep } from 'node:timers/promises';
import { sendSignal } from '../../shared/process/signal.ts';
import { type Running, startTimeOf } from './pid-file.ts';

const isAlive = ({ pid, startedAt }: Running) => startTimeOf(pid) === startedAt;

/** Sends SIGTERM, and SIGKILL after `timeoutMs`. Does nothing when the process has ended. */
export async function terminate(running: Running, timeoutMs = 15_000): Promise<void> {
  signal(running, 'SIGTERM');
  if (await hasEndedWithin(running, timeoutMs)) return;
  signal(running, 'SIGKILL');
  await hasEndedWithin(running, 5_000);
}

export async function hasEndedWithin(running: Running, ms: number): Promise<boolean> {
  const until = Date.now() + ms;
  while (isAlive(running)) {
    if (Date.now() > until) return false;
    await sleep(20);
  }
  return true;
}

function signal(running: Running, name: NodeJS.Signals): void {
  if (!isAlive(running)) return;
  try {
    sendSignal(running.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
