/** The tgtd of this cloud on this host, with its own socket and portal. It outlives the agent. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#shared/errors/fault.ts';
import { findDetached, hasEnded, startDetached, startTime } from '#shared/process/detached.ts';
import { sendSignal } from '../../../../shared/process/signal.ts';
import { askTgtd, type Request, socketName } from './socket.ts';

export interface DaemonOptions {
  /** Absolute. tgtd's working directory: backing files are passed relative to it, since a path with a comma cannot be sent. */
  readonly directory: string;
  /** host:port of the iSCSI portal. */
  readonly portal: string;
}

export interface Daemon extends DaemonOptions {
  ask(request: Request): Promise<string>;
  /** Returns true when tgtd had to be started; then it has no targets. */
  ensureUp(): Promise<boolean>;
  /** Identifies the running tgtd process, different after each start; null when none runs. */
  instance(): string | null;
}

export const daemonOf = (options: DaemonOptions): Daemon => ({
  ...options,
  ask: (request) => askTgtd(options.directory, request),
  ensureUp: () => ensureUp(options),
  instance: () => instanceOf(findDetached('tgtd', options.directory)[0]),
});

/** Pids are reused, so the start time is part of the id. */
function instanceOf(pid: number | undefined): string | null {
  const startedAt = pid === undefined ? null : startTime(pid);
  return startedAt === null ? null : `${pid}@${startedAt}`;
}

async function ensureUp({ directory, portal }: DaemonOptions): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (findDetached('tgtd', directory).length > 0) {
    await awaitAnswer(directory, portal);
    return false;
  }
  const argv = ['tgtd', '--foreground', '--control-port', '0', '--iscsi', `portal=${portal}`];
  const logFile = join(directory, 'tgtd.log');
  // TGTD_DIRECTORY only marks the process as part of this cloud: its arguments contain no path
  const env = { TGT_IPC_SOCKET: socketName.split('.')[0] ?? '', TGTD_DIRECTORY: directory };
  await startDetached(argv, { cwd: directory, logFile, env }).catch(missing);
  await awaitAnswer(directory, portal);
  await requirePortal(directory, portal);
  return true;
}

/** Stops tgtd when it could not bind the portal: it keeps running then, without any listener. */
async function requirePortal(directory: string, portal: string): Promise<void> {
  const listing = await askTgtd(directory, { mode: 'portal', op: 'show' }).catch(() => '');
  if (listing.includes(`:${portal.split(':').at(-1)},`)) return;
  await stopDaemon(directory);
  throw cannotServe(portal);
}

const cannotServe = (portal: string) =>
  new Fault(503, 'serviceUnavailable', `tgtd cannot serve at ${portal}: another process may listen there`);

function missing(error: NodeJS.ErrnoException): never {
  if (error.code === 'ENOENT')
    throw new Fault(501, 'notImplemented', 'tgtd is not installed here: volumes cannot be exported');
  throw error;
}

/** Waits until tgtd answers on its socket; throws when it exited, mostly because the port is in use. */
async function awaitAnswer(directory: string, portal: string): Promise<void> {
  const until = Date.now() + 10_000;
  for (;;) {
    try {
      await askTgtd(directory, { mode: 'system', op: 'show' }, 5_000);
      return;
    } catch (cause) {
      const hasExited = findDetached('tgtd', directory).length === 0;
      if (Date.now() > until) throw new Error('tgtd does not answer on its socket', { cause });
      if (hasExited) throw cannotServe(portal);
      await sleep(20);
    }
  }
}

/** Kills tgtd; initiators lose their volumes. tgtd ignores SIGTERM, and has no data to flush. */
export async function stopDaemon(directory: string): Promise<void> {
  const pids = findDetached('tgtd', directory);
  for (const pid of pids) sendSignal(pid, 'SIGKILL');
  while (!pids.every(hasEnded)) await sleep(10);
  await rm(join(directory, socketName), { force: true });
}
