/** One process per role on one box: starts the database and the broker, then the roles, and starts again what dies. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, openLog } from '#shared/log/log.ts';
import { tryRun } from '#shared/process/run.ts';
import { findRunning, notePid, releasePidFile, takePidFile } from '../processes/pid-file.ts';
import { processOf } from '../processes/role-process.ts';
import { told } from '../processes/run-roles.ts';
import { parts } from '../roles.ts';
import type { Home } from '../settings.ts';
import { compileCache, root } from '../setup/paths.js';
import type { Daemon } from './daemon.ts';
import { mariadb } from './mariadb.ts';
import { epmd, rabbitmq } from './rabbitmq.ts';
import { brokerUsersOf, databaseUsersOf } from './role-users.ts';
import { keep } from './supervised-daemon.ts';

export async function supervise(home: Home): Promise<void> {
  const { directory, layout } = home;
  if (!layout.ports) throw new Error('a cloud of one process needs no supervisor');
  const pidFile = join(directory.run, 'supervisor.pid');
  takePidFile(pidFile);
  const log = openLog({ role: 'supervisor' });
  const ending = told('SIGTERM', 'SIGINT');
  const host = home.cloud.host || hostname();
  const place = { path: directory.path, id: directory.id, ports: layout.ports, users: brokerUsersOf(directory, host) };
  const [services, roles] = [new AbortController(), new AbortController()];
  const keepAll = (daemons: readonly Daemon[], until: AbortController) =>
    daemons.map((daemon) => keep(directory, daemon, log, until.signal));

  const directoryOfNodes = epmd(place);
  const database = { path: directory.path, port: layout.ports.mariadb, users: databaseUsersOf(directory) };
  const beneath = [mariadb(database), rabbitmq(place)];
  const kept = keepAll([directoryOfNodes], services);
  await usable(directoryOfNodes, log);
  const foundation = keepAll(beneath, services);
  await Promise.race([Promise.all([warmUp(), ...beneath.map((daemon) => usable(daemon, log))]), ending]);
  const above = keepAll(parts.map(roleDaemon), roles);

  await Promise.race([allReady(home), ending]);
  notePid(pidFile, process.pid, true);
  log.info({}, 'ready');
  await ending;
  roles.abort();
  await Promise.all(above);
  services.abort();
  await Promise.all([...foundation, ...kept]);
  releasePidFile(pidFile);
  log.info({}, 'stopped');
  process.exit(0);
}

const roleDaemon = (role: string): Daemon => ({
  name: role,
  ...processOf(role),
  takesPidFile: true,
  readsSettings: true,
});

/** However long it takes: who starts the cloud loses patience by himself. */
async function usable(daemon: Daemon, log: Log): Promise<void> {
  for (;;)
    try {
      await daemon.ready?.();
      return;
    } catch (error) {
      log.warn({ daemon: daemon.name, error }, 'it is not ready yet');
    }
}

/** While the broker starts: eleven processes would compile the same sources at once otherwise. */
async function warmUp(): Promise<void> {
  const [node = process.execPath, ...flags] = processOf('all').words.slice(0, 2);
  const env = { NODE_COMPILE_CACHE: compileCache };
  await tryRun([node, ...flags, join(root, 'deploy/split/fill-compile-cache.ts')], { env, timeoutMs: 30_000 });
}

async function allReady({ directory }: Home): Promise<void> {
  while (!parts.every((part) => findRunning(join(directory.run, `${part}.pid`))?.ready)) await sleep(100);
}
