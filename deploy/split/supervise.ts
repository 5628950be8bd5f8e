/** One process per role on one machine: starts the database and the broker, then the roles, and restarts what ends. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, openLog } from '#shared/log/log.ts';
import { tryRun } from '#shared/process/run.ts';
import { notifyReady } from '../processes/notify.ts';
import { acquirePidFile, findRunning, releasePidFile, writePidFile } from '../processes/pid-file.ts';
import { roleCommand } from '../processes/role-process.ts';
import { nextSignal } from '../processes/run-roles.ts';
import { parts } from '../roles.ts';
import type { Home } from '../settings.ts';
import { compileCache, root } from '../setup/paths.js';
import { type Daemon, roleDaemon } from './daemon.ts';
import { keepRunning } from './keep-running.ts';
import { mariadb } from './mariadb.ts';
import { epmd, rabbitmq } from './rabbitmq.ts';
import { brokerUsersOf, databaseUsersOf } from './role-users.ts';

export async function supervise(home: Home): Promise<void> {
  const { directory, layout } = home;
  if (!layout.ports) throw new Error('the supervisor runs in the split layout only');
  const pidFile = join(directory.run, 'supervisor.pid');
  acquirePidFile(pidFile);
  const log = openLog({ role: 'supervisor' });
  const stopping = nextSignal('SIGTERM', 'SIGINT');
  const host = home.cloud.host || hostname();
  const broker = { path: directory.path, id: directory.id, ports: layout.ports, users: brokerUsersOf(directory, host) };
  const [backends, roles] = [new AbortController(), new AbortController()];
  const keepAll = (daemons: readonly Daemon[], until: AbortController) =>
    daemons.map((daemon) => keepRunning(directory, daemon, log, until.signal));

  const nodeDirectory = epmd(broker);
  const database = { path: directory.path, port: layout.ports.mariadb, users: databaseUsersOf(directory) };
  const stores = [mariadb(database), rabbitmq(broker)];
  const keepingNodeDirectory = keepAll([nodeDirectory], backends);
  await untilReady(nodeDirectory, log);
  const keepingStores = keepAll(stores, backends);
  await Promise.race([Promise.all([fillCompileCache(), ...stores.map((daemon) => untilReady(daemon, log))]), stopping]);
  const keepingRoles = keepAll(parts.map(roleDaemon), roles);

  await Promise.race([allReady(home), stopping]);
  writePidFile(pidFile, process.pid, true);
  await notifyReady();
  log.info({}, 'ready');
  await stopping;
  roles.abort();
  await Promise.all(keepingRoles);
  backends.abort();
  await Promise.all([...keepingStores, ...keepingNodeDirectory]);
  releasePidFile(pidFile);
  log.info({}, 'stopped');
  process.exit(0);
}

/** Without a deadline: `wattle start` has its own. */
async function untilReady(daemon: Daemon, log: Log): Promise<void> {
  for (;;)
    try {
      await daemon.ready?.();
      return;
    } catch (error) {
      log.warn({ daemon: daemon.name, error }, 'daemon is not ready yet');
    }
}

/** Runs while the broker starts; otherwise eleven processes compile the same sources at once. */
async function fillCompileCache(): Promise<void> {
  const [node = process.execPath, ...flags] = roleCommand('all').argv.slice(0, 2);
  const env = { NODE_COMPILE_CACHE: compileCache };
  await tryRun([node, ...flags, join(root, 'deploy/split/fill-compile-cache.ts')], { env, timeoutMs: 30_000 });
}

async function allReady({ directory }: Home): Promise<void> {
  while (!parts.every((part) => findRunning(join(directory.run, `${part}.pid`))?.ready)) await sleep(100);
}
