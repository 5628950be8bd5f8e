/** The process of a role: starts its parts, stays until it is told to end, leaves what is outside as it is. */
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { openLog } from '#shared/log/log.ts';
import { type Part, startParts } from '../roles.ts';
import type { Home } from '../settings.ts';
import { notePid, releasePidFile, takePidFile } from './pid-file.ts';

/** A second signal, or this long, and it ends as it stands: everything is made to survive that. */
const closeMs = 10_000;

export async function stay(home: Home, role: string, wanted: readonly Part[]): Promise<void> {
  const pidFile = join(home.directory.run, `${role}.pid`);
  takePidFile(pidFile);
  const log = openLog({ role });
  const ending = told('SIGTERM', 'SIGINT');
  try {
    const bus = await busOf(home);
    const began = performance.now();
    const parts = await startParts(wanted, { settings: home.settings, log, bus });
    notePid(pidFile, process.pid, true);
    flushCompileCache();
    log.info({ tookMs: Math.round(performance.now() - began), parts: wanted }, 'ready');
    await ending;
    setTimeout(() => process.exit(0), closeMs).unref();
    await parts.close();
    await bus.close();
    log.info({}, 'stopped');
  } catch (error) {
    log.error({ error }, 'does not start');
    process.exitCode = 1;
  } finally {
    releasePidFile(pidFile);
  }
  process.exit();
}

async function busOf({ cloud }: Home): Promise<Bus> {
  if (cloud.bus === 'memory') return memoryBus();
  const { openBus } = await import('#shared/bus/open.ts');
  return await openBus(cloud.bus);
}

export function told(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  const heard = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of signals) process.once(signal, () => heard.resolve(signal));
  return heard.promise;
}
