import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#shared/log/log.ts';
import type { Directory } from '../cloud/directory.ts';
import { findRunning, notePid, type Running, startOf } from '../processes/pid-file.ts';
import { end } from '../processes/terminate.ts';
import { type Daemon, spawnDaemon } from './daemon.ts';

const [shortestMs, longestMs, lookMs] = [200, 10_000, 250];

/** Keeps a daemon running until `until`, then ends it. One that an earlier supervisor left running is taken over. */
export async function keep(directory: Directory, daemon: Daemon, log: Log, until: AbortSignal): Promise<void> {
  const pidFile = join(directory.run, `${daemon.name}.pid`);
  let pauseMs = shortestMs;
  while (!until.aborted) {
    const began = Date.now();
    const running = findRunning(pidFile) ?? (await begin(directory, daemon, pidFile, log));
    if (running) await goneOr(running, until);
    if (until.aborted) break;
    pauseMs = Date.now() - began > longestMs ? shortestMs : Math.min(2 * pauseMs, longestMs);
    log.warn({ daemon: daemon.name, againInMs: pauseMs }, 'it ended by itself');
    await sleep(pauseMs, undefined, { signal: until }).catch(() => {});
  }
  const running = findRunning(pidFile);
  if (running) await end(running);
}

async function begin(directory: Directory, daemon: Daemon, pidFile: string, log: Log): Promise<Running | undefined> {
  try {
    await daemon.prepare?.();
    const pid = spawnDaemon(directory, daemon);
    if (!daemon.takesPidFile) notePid(pidFile, pid);
    log.info({ daemon: daemon.name, pid }, 'started');
    return { pid, startedAt: startOf(pid) ?? '', ready: false };
  } catch (error) {
    log.error({ daemon: daemon.name, error }, 'it does not start');
    return undefined;
  }
}

async function goneOr({ pid, startedAt }: Running, until: AbortSignal): Promise<void> {
  while (!until.aborted && startOf(pid) === startedAt)
    await sleep(lookMs, undefined, { signal: until }).catch(() => {});
}
