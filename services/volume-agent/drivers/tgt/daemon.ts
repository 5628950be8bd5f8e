/** The tgtd of this cloud on this host: its own socket, its own portal. It outlives the agent. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#shared/errors/fault.ts';
import { findDetached, startDetached, startTime } from '#shared/process/detached.ts';
import { askTgtd, type Request, socketName } from './socket.ts';

export interface DaemonOptions {
  /** An absolute path. tgtd works there: backing files are named relative to it, for its text has no way to write a comma. */
  readonly directory: string;
  /** host:port where initiators log in. */
  readonly portal: string;
}

export interface Daemon extends DaemonOptions {
  ask(request: Request): Promise<string>;
  /** True when it had to be started: then it knows nothing. */
  ensureUp(): Promise<boolean>;
  /** Which tgtd runs: another one after each start. Null when none does. */
  instance(): string | null;
}

export const daemonOf = (options: DaemonOptions): Daemon => ({
  ...options,
  ask: (request) => askTgtd(options.directory, request),
  ensureUp: () => ensureUp(options),
  instance: () => instanceOf(findDetached('tgtd', options.directory)[0]),
});

/** A pid comes again, with another time of its start. */
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
  const words = ['tgtd', '--foreground', '--control-port', '0', '--iscsi', `portal=${portal}`];
  const logFile = join(directory, 'tgtd.log');
  // the second is for who looks for what belongs to this cloud: tgtd's words name no path
  const env = { TGT_IPC_SOCKET: socketName.split('.')[0] ?? '', TGTD_DIRECTORY: directory };
  await startDetached(words, { cwd: directory, logFile, env }).catch(missing);
  await awaitAnswer(directory, portal);
  await requirePortal(directory, portal);
  return true;
}

/** Where the port is taken it stays up all the same, and nobody could ever log in. */
async function requirePortal(directory: string, portal: string): Promise<void> {
  const listing = await askTgtd(directory, { mode: 'portal', op: 'show' }).catch(() => '');
  if (listing.includes(`:${portal.split(':').at(-1)},`)) return;
  await stopDaemon(directory);
  throw cannotServe(portal);
}

const cannotServe = (portal: string) =>
  new Fault(503, 'serviceUnavailable', `tgtd cannot serve at ${portal}: somebody else may listen there`);

function missing(error: NodeJS.ErrnoException): never {
  if (error.code === 'ENOENT')
    throw new Fault(501, 'notImplemented', 'tgtd is not installed here: volumes cannot be exported');
  throw error;
}

/** It answers within a few milliseconds of its start, or ended: a port that is taken, most often. */
async function awaitAnswer(directory: string, portal: string): Promise<void> {
  const until = Date.now() + 10_000;
  for (;;) {
    try {
      await askTgtd(directory, { mode: 'system', op: 'show' }, 5_000);
      return;
    } catch (cause) {
      const ended = findDetached('tgtd', directory).length === 0;
      if (Date.now() > until) throw new Error('tgtd does not answer on its socket', { cause });
      if (ended) throw cannotServe(portal);
      await sleep(20);
    }
  }
}

/** For the end of the cloud on this host: initiators lose their volumes. It ignores SIGTERM, and keeps nothing back. */
export async function stopDaemon(directory: string): Promise<void> {
  for (const pid of findDetached('tgtd', directory)) process.kill(pid, 'SIGKILL');
  while (findDetached('tgtd', directory).length > 0) await sleep(10);
  await rm(join(directory, socketName), { force: true });
}
