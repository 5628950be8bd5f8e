/** What a process that serves APIs also runs: the request log, the disk reserve, the event loop monitor. */
import { join } from 'node:path';
import type { Log } from '#shared/log/log.ts';
import type { LoopWatch } from '#shared/log/watch-loop.ts';
import type { Runtime } from '#shared/service/runtime.ts';
import { isAgent, type Part } from '../roles.ts';
import type { Home } from '../settings.ts';

export interface ApiProcess {
  readonly runtime: Pick<Runtime, 'requests'>;
  /** Call when the parts have started: while modules are loaded, the event loop is blocked for good reasons. */
  onReady(): void;
  close(): Promise<void>;
}

interface Options {
  readonly home: Home;
  readonly role: string;
  readonly wanted: readonly Part[];
  readonly log: Log;
}

const mib = 1024 * 1024;

/** Does nothing in a process that runs agents only. */
export async function openApiProcess({ home, role, wanted, log }: Options): Promise<ApiProcess> {
  if (wanted.every(isAgent)) return { runtime: {}, onReady: () => {}, close: async () => {} };
  const { cloud, directory } = home;
  const { openRequestLog } = await import('#shared/http/request-log.ts');
  const files = { mostBytes: cloud.requestLogMb * mib, kept: cloud.requestLogFiles };
  const prefix = role === 'all' ? '' : `${role}-`;
  const requests = cloud.requestLog ? openRequestLog({ folder: directory.log, prefix, ...files }) : undefined;
  const reserve = cloud.reserveMb > 0 ? await openDiskReserve({ home, role, log }) : undefined;
  const { watchLoop } = await import('#shared/log/watch-loop.ts');
  let watch: LoopWatch | undefined;
  const onReady = () => {
    if (cloud.stallMs > 0) watch = watchLoop({ log, stallMs: cloud.stallMs });
  };
  const close = async () => {
    requests?.close();
    reserve?.close();
    await watch?.close();
  };
  return { runtime: requests ? { requests } : {}, onReady, close };
}

async function openDiskReserve({ home, role, log }: Omit<Options, 'wanted'>) {
  const { openReserve } = await import('#shared/files/reserve.ts');
  const { path } = home.directory;
  const onChange = (isShort: boolean) => {
    if (isShort) log.error({ path }, 'disk is full: the reserve was released for deletes');
    else log.info({ path }, 'disk has free space again');
  };
  return openReserve({ file: join(path, 'reserve', role), bytes: home.cloud.reserveMb * mib, onChange });
}
