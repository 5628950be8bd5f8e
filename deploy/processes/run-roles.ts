/** The process of a role: starts its parts and runs until SIGTERM. Guests and networks keep running after it. */
import { flushCompileCache } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { busOf as busLogin } from '#shared/config/cloud.ts';
import { type Log, openLog } from '#shared/log/log.ts';
import { isAgent, type Part, startParts } from '../roles.ts';
import type { Home } from '../settings.ts';
import { brokerUserOf } from '../split/broker-users.ts';
import { openApiProcess } from './api-process.ts';
import { notifyReady } from './notify.ts';
import { acquirePidFile, releasePidFile, writePidFile } from './pid-file.ts';

/** Time for a graceful stop; then the process exits. A second signal ends it at once. Both are safe, like a crash. */
const closeMs = 10_000;

export async function runRoles(home: Home, role: string, wanted: readonly Part[]): Promise<void> {
  const pidFile = join(home.directory.run, `${role}.pid`);
  acquirePidFile(pidFile);
  const log = openLog({ role });
  const stopping = nextSignal('SIGTERM', 'SIGINT');
  const reloads = openReloads();
  const member = home.node && (await joinedNode(home, wanted, log, reloads.request));
  try {
    for (let current = home; ; current = await reloaded()) {
      const running = await startAll(current, role, wanted, log);
      writePidFile(pidFile, process.pid, true);
      await notifyReady();
      flushCompileCache();
      const isReload = await Promise.race([stopping.then(() => false), reloads.next().then(() => true)]);
      if (!isReload) setTimeout(() => process.exit(0), closeMs).unref();
      await running.close();
      if (!isReload) break;
      log.info({}, 'reading the settings again');
    }
    await member?.close();
    log.info({}, 'stopped');
  } catch (error) {
    log.error({ error }, 'does not start');
    process.exitCode = 1;
  } finally {
    releasePidFile(pidFile);
  }
  process.exit();
}

async function startAll(home: Home, role: string, wanted: readonly Part[], log: Log) {
  const began = performance.now();
  const buses = openBuses(home, log);
  const apiProcess = await openApiProcess({ home, role, wanted, log });
  const parts = await startParts(wanted, { settings: home.settings, log, busOf: buses.busOf, ...apiProcess.runtime });
  log.info({ tookMs: Math.round(performance.now() - began), parts: wanted }, 'ready');
  apiProcess.onReady();
  const close = async () => {
    await parts.close();
    await buses.close();
    await apiProcess.close();
  };
  return { close };
}

/** Loaded again: settings.ts is not needed by a process that never reloads. */
const reloaded = async (): Promise<Home> => (await import('../settings.ts')).openHome();

/** Requests to read the settings again: SIGHUP, or a change that this process has seen itself. Requests during one merge. */
function openReloads() {
  let next = Promise.withResolvers<void>();
  const request = () => next.resolve();
  process.on('SIGHUP', request);
  return {
    request,
    next: async () => {
      await next.promise;
      next = Promise.withResolvers<void>();
    },
  };
}

/** A node of a rack reports to the registry. On a management node its supervisor does. */
async function joinedNode({ node, directory }: Home, wanted: readonly Part[], log: Log, onChange: () => void) {
  const [{ trustCloud }, { isManagement }] = await Promise.all([
    import('../rack/trust.ts'),
    import('../rack/peers.ts'),
  ]);
  trustCloud(directory.path, { onlyCloud: wanted.every(isAgent) });
  if (!node || isManagement(node)) return undefined;
  return (await import('../rack/watch-cloud.ts')).watchCloud(directory.path, log, onChange);
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
