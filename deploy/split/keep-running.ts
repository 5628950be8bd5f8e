import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#shared/log/log.ts';
import type { Directory } from '../cloud/directory.ts';
import { findRunning, type Running, startTimeOf, writePidFile } from '../processes/pid-file.ts';
import { terminate } from '../processes/terminate.ts';
import { type Daemon, spawnDaemon } from './daemon.ts';

const [shortestMs, longestMs, pollMs] = [200, 10_000, 250];

/** Keeps a daemon running until `until` aborts, then terminates it. Adopts one that an earlier supervisor left running. */
export async function keepRunning(directory: Directory, daemon: Daemon, log: Log, until: AbortSignal): Promise<void> {
  const pidFile = join(directory.run, `${daemon.name}.pid`);
  let pauseMs = shortestMs;
  while (!until.aborted) {
    const startedMs = Date.now();
    const running = findRunning(pidFile) ?? (await start(directory, daemon, pidFile, log));
    if (running) await untilEnded(running, until);
    if (until.aborted) break;
    pauseMs = Date.now() - startedMs > longestMs ? shortestMs : Math.min(2 * pauseMs, longestMs);
    log.warn({ daemon: daemon.name, restartInMs: pauseMs }, 'daemon ended unexpectedly');
    await sleep(pauseMs, undefined, { signal: until }).catch(() => {});
  }
  const running = findRunning(pidFile);
  if (running) await terminate(running);
}

async function start(directory: Directory, daemon: Daemon, pidFile: string, log: Log): Promise<Running | undefined> {
  try {
    await daemon.prepare?.();
    const pid = spawnDaemon(directory, daemon);
    if (!daemon.writesPidFile) writePidFile(pidFile, pid);
    log.info({ daemon: daemon.name, pid }, 'daemon started');
    return { pid, startedAt: startTimeOf(pid) ?? '', ready: false };
  } catch (error) {
    log.error({ daemon: daemon.name, error }, 'daemon does not start');
    return undefined;
  }
}

async function untilEnded({ pid, startedAt }: Running, until: AbortSignal): Promise<void> {
  while (!until.aborted && startTimeOf(pid) === startedAt)
    await sleep(pollMs, undefined, { signal: until }).catch(() => {});
}
