/** The first node of a rack: keeps the database, the bus and the roles of the node running, and serves the registry. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseOf } from '#shared/config/cloud.ts';
import { type Log, openLog } from '#shared/log/log.ts';
import { sendSignal } from '../../shared/process/signal.ts';
import { notifyReady } from '../processes/notify.ts';
import { acquirePidFile, findRunning, releasePidFile, writePidFile } from '../processes/pid-file.ts';
import { nextSignal } from '../processes/run-roles.ts';
import type { Home } from '../settings.ts';
import { type Daemon, roleDaemon } from '../split/daemon.ts';
import { keepRunning } from '../split/keep-running.ts';
import { mariadb } from '../split/mariadb.ts';
import { epmd, importUsers, rabbitmq } from '../split/rabbitmq.ts';
import { brokerOptions, databaseOptions, nodeUsers, revokeNodeUsers } from './backends.ts';
import { readFirstNode } from './first-node.ts';
import { getNodeFile, type NodeFile } from './node-directory.ts';
import { processesOf } from './node-roles.ts';
import { registryPort } from './registry/protocol.ts';
import { serveRegistry } from './registry/server.ts';
import { openRegistry, type Registry } from './registry/store.ts';
import { version } from './this-host.ts';
import { trustCloud } from './trust.ts';
import { watchCloud } from './watch-cloud.ts';

export async function superviseNode({ directory, cloud }: Home): Promise<void> {
  const { path, run } = directory;
  const node = getNodeFile(path);
  const pidFile = join(run, 'supervisor.pid');
  acquirePidFile(pidFile);
  trustCloud(path, { onlyCloud: true });
  const log = openLog({ role: 'supervisor' });
  const stopping = nextSignal('SIGTERM', 'SIGINT');
  const [backends, roles] = [new AbortController(), new AbortController()];
  const keepAll = (daemons: readonly Daemon[], until: AbortController) =>
    daemons.map((daemon) => keepRunning(directory, daemon, log, until.signal));

  const nodeDirectory = epmd(brokerOptions(path, node));
  const stores = [mariadb(databaseOptions(path, node)), rabbitmq(brokerOptions(path, node))];
  const keepingBackends = keepAll([nodeDirectory, ...stores], backends);
  const open = untilOpen(databaseOf(cloud, 'registry'), log);
  const registry = await Promise.race([open, stopping.then(() => undefined)]);
  const serving = registry && (await serve(registry, path, node, log));
  await Promise.race([Promise.all(stores.map((daemon) => daemon.ready?.())), stopping]);
  const processes = processesOf(node);
  const keepingRoles = keepAll(processes.map(roleDaemon), roles);
  const watch = watchCloud(path, log, () => reload(processes, run));

  await Promise.race([allReady(processes, run), stopping]);
  writePidFile(pidFile, process.pid, true);
  await notifyReady();
  log.info({}, 'ready');
  await stopping;
  await watch.close();
  roles.abort();
  await Promise.all(keepingRoles);
  await serving?.close();
  await registry?.close();
  backends.abort();
  await Promise.all(keepingBackends);
  releasePidFile(pidFile);
  log.info({}, 'stopped');
  process.exit(0);
}

/** The database may be starting. */
async function untilOpen(url: string, log: Log): Promise<Registry> {
  for (let failures = 0; ; failures += 1)
    try {
      return await openRegistry(url);
    } catch (error) {
      if (failures % 20 === 10) log.warn({ error }, 'the registry waits for its database');
      await sleep(500);
    }
}

async function serve(registry: Registry, path: string, node: NodeFile, log: Log) {
  await readFirstNode(registry, path, node);
  const context = {
    registry,
    path,
    cloudId: node.cloudId,
    version,
    log,
    now: Date.now,
    ensureBrokerUsers: (joining: Pick<NodeFile, 'name' | 'roles'>) =>
      importUsers(brokerOptions(path, node, nodeUsers(path, joining))),
    revokeBrokerUsers: (leaving: Pick<NodeFile, 'name' | 'roles'>) => revokeNodeUsers(path, node, leaving),
  };
  return serveRegistry(context, { host: node.address, port: registryPort });
}

/** Role processes read their settings again on SIGHUP. */
function reload(processes: readonly string[], run: string): void {
  for (const role of processes) {
    const running = findRunning(join(run, `${role}.pid`));
    if (running) sendSignal(running.pid, 'SIGHUP');
  }
}

async function allReady(processes: readonly string[], run: string): Promise<void> {
  while (!processes.every((role) => findRunning(join(run, `${role}.pid`))?.ready)) await sleep(100);
}
