/** The process of a role: starts its parts and runs until SIGTERM. Guests and networks keep running after it. */
import { flushCompileCache } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { busOf as busLogin } from '#shared/config/cloud.ts';
import { type Log, openLog } from '#shared/log/log.ts';
import { type Part, startParts } from '../roles.ts';
import type { Home } from '../settings.ts';
import { brokerUserOf } from '../split/broker-users.ts';
import { openApiProcess } from './api-process.ts';
import { acquirePidFile, releasePidFile, writePidFile } from './pid-file.ts';

/** Time for a graceful stop; then the process exits. A second signal ends it at once. Both are safe, like a crash. */
const closeMs = 10_000;

export async function runRoles(home: Home, role: string, wanted: readonly Part[]): Promise<void> {
  const pidFile = join(home.directory.run, `${role}.pid`);
  acquirePidFile(pidFile);
  const log = openLog({ role });
  const stopping = nextSignal('SIGTERM', 'SIGINT');
  try {
    const buses = openBuses(home, log);
    const began = performance.now();
    const apiProcess = await openApiProcess({ home, role, wanted, log });
    const parts = await startParts(wanted, { settings: home.settings, log, busOf: buses.busOf, ...apiProcess.runtime });
    writePidFile(pidFile, process.pid, true);
    flushCompileCache();
    log.info({ tookMs: Math.round(performance.now() - began), parts: wanted }, 'ready');
    await stopping;
    setTimeout(() => process.exit(0), closeMs).unref();
    await parts.close();
    await buses.close();
    await apiProcess.close();
    log.info({}, 'stopped');
  } catch (error) {
    log.error({ error }, 'does not start');
    process.exitCode = 1;
  } finally {
    releasePidFile(pidFile);
  }
  process.exit();
}

/** One connection for all parts of the process, or one per part where each has its own user. */
function openBuses({ cloud }: Home, log: Log) {
  const opened = new Map<string, Promise<Bus>>();
  const open = async (url: string, user: string | undefined): Promise<Bus> => {
    if (url === 'memory') return memoryBus();
    const { openBus } = await import('#shared/bus/open.ts');
    return await openBus(url, log, user);
  };
  const busOf = (part: Part): Promise<Bus> => {
    const { url, user } = busLogin(cloud, brokerUserOf(part, cloud.host || hostname()));
    const bus = opened.get(url) ?? open(url, user);
    opened.set(url, bus);
    return bus;
  };
  const close = async () => {
    await Promise.all([...opened.values()].map(async (bus) => (await bus).close()));
  };
  return { busOf, close };
}

/** Resolves with the first of the signals. The next one has its default effect. */
export function nextSignal(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  const received = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of signals) process.once(signal, () => received.resolve(signal));
  return received.promise;
}
