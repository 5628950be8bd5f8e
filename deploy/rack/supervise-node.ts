/** A management node: keeps its database server, its broker and its roles running, and serves the registry. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { every } from '#shared/clock/every.ts';
import { databaseOf } from '#shared/config/cloud.ts';
import { type Log, openLog } from '#shared/log/log.ts';
import { sendSignal } from '../../shared/process/signal.ts';
import { notifyReady } from '../processes/notify.ts';
import { acquirePidFile, findRunning, releasePidFile, writePidFile } from '../processes/pid-file.ts';
import { nextSignal } from '../processes/run-roles.ts';
import type { Home } from '../settings.ts';
import { type Daemon, roleDaemon } from '../split/daemon.ts';
import { keepRunning } from '../split/keep-running.ts';
import { mariadb, socketOf } from '../split/mariadb.ts';
import { control, epmd, importUsers, partitionHandling, type RabbitmqOptions, rabbitmq } from '../split/rabbitmq.ts';
import { administratorOf, brokerOptions, databaseOptions, listenerOf, nodeUsers, revokeNodeUsers } from './backends.ts';
import { isDue, readTls } from './certificates.ts';
import { door, reloadDoor } from './door.ts';
import { runElection } from './election.ts';
import { isFirst, readFirstNode } from './first-node.ts';
import { getNodeFile, type NodeFile, readSettings } from './node-directory.ts';
import { processesOf } from './node-roles.ts';
import { readPeers } from './peers.ts';
import { registryPort } from './registry/protocol.ts';
import { serveRegistry } from './registry/server.ts';
import { openRegistry, type Registry } from './registry/store.ts';
import { reloadTls } from './reload-tls.ts';
import { version } from './this-host.ts';
import { trustCloud } from './trust.ts';
import { virtualAddress } from './virtual-address.ts';
import { watchCloud } from './watch-cloud.ts';

const hourMs = 3_600_000;

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

  const broker = brokerOptions(path, node);
  const stores = [mariadb(databaseOptions(path, node)), rabbitmq(broker)];
  const keepingBackends = keepAll([epmd(broker), ...stores], backends);
  const election = electLeader(path, node, cloud.virtualAddress, log);
  const registry = openCurrentRegistry(path, log);
  const isOpen = await Promise.race([registry.opened.then(() => true), stopping.then(() => false)]);
  const serving = isOpen ? await serve(registry, path, node, log) : undefined;
  await Promise.race([Promise.all(stores.map((daemon) => daemon.ready?.())), stopping]);
  const processes = processesOf(node);
  const doors = cloud.virtualAddress ? [door(doorOptions(path, node, cloud.virtualAddress))] : [];
  const keepingRoles = keepAll([...processes.map(roleDaemon), ...doors], roles);
  const broken = (error: unknown) => log.warn({ error }, 'the broker was not told of its peers');
  const onChange = () => {
    registry.follow();
    reload(processes, run);
    for (const each of doors)
      reloadDoor(each, join(run, 'door.pid')).catch((error) => log.warn({ error }, 'the door was not reloaded'));
    ensureBrokerPeers(broker).catch(broken);
  };
  const renew = async () => {
    serving?.reload();
    for (const each of doors) await reloadDoor(each, join(run, 'door.pid'));
    await reloadTls(path, node);
    log.info({}, 'renewed certificates are in use');
  };
  const onRenewed = () => void renew().catch((error) => log.error({ error }, 'renewed certificates are not in use'));
  const watch = watchCloud(path, log, onChange, onRenewed);
  const renewPeer = async () => {
    if (isDue(readTls(path, 'peer.crt'), Date.now())) await renew();
  };
  const peers = every(hourMs, renewPeer, (error) => log.error({ error }, 'the certificate for peers was not renewed'));

  await Promise.race([allReady(processes, run), stopping]);
  writePidFile(pidFile, process.pid, true);
  await notifyReady();
  log.info({}, 'ready');
  ensureBrokerPeers(broker).catch(broken);
  await stopping;
  await Promise.all([watch.close(), peers.close()]);
  await election.close();
  roles.abort();
  await Promise.all(keepingRoles);
  await serving?.close();
  await registry.close();
  backends.abort();
  await Promise.all(keepingBackends);
  releasePidFile(pidFile);
  log.info({}, 'stopped');
  process.exit(0);
}

const doorOptions = (path: string, node: NodeFile, virtual: string) => ({
  path,
  name: node.name,
  virtual,
  peers: () => readPeers(path, node),
  tls: () => listenerOf(path, node),
});

/** The leader has the address of the cloud. */
function electLeader(path: string, node: NodeFile, virtual: string, log: Log) {
  const address = virtual ? virtualAddress(virtual, node.address) : undefined;
  return runElection({
    address: node.address,
    socket: socketOf(path),
    administrator: administratorOf(path),
    peers: () => readPeers(path, node).map((peer) => peer.address),
    onState: async (leads) => address?.ensure(leads),
    log,
  });
}

/** The registry at the database servers that the settings name now. */
function openCurrentRegistry(path: string, log: Log) {
  const urlNow = () =>
    databaseOf({ database: String(readSettings(path).cloud.cloud?.database), var: path }, 'registry');
  const closing = new AbortController();
  let url = urlNow();
  let current: Registry | undefined;
  const open = async () => {
    const fresh = await untilOpen(url, log, closing.signal);
    const former = current;
    current = fresh;
    await former?.close();
  };
  const opened = open();
  const follow = () => {
    if (url === urlNow()) return;
    url = urlNow();
    open().catch((error) => log.warn({ error }, 'the registry was not opened again'));
  };
  const get = (): Registry => {
    if (!current) throw new Error('the registry is not open yet');
    return current;
  };
  const close = async () => {
    closing.abort();
    await current?.close();
  };
  return { opened, follow, get, close };
}

/** The database may be starting. */
async function untilOpen(url: string, log: Log, signal: AbortSignal): Promise<Registry> {
  for (let failures = 0; ; failures += 1)
    try {
      return await openRegistry(url);
    } catch (error) {
      if (failures % 20 === 10) log.warn({ error }, 'the registry waits for its database');
      await sleep(500, undefined, { signal });
    }
}

async function serve(registry: ReturnType<typeof openCurrentRegistry>, path: string, node: NodeFile, log: Log) {
  if (isFirst(path)) await readFirstNode(registry.get(), path, node);
  const context = {
    get registry() {
      return registry.get();
    },
    path,
    cloudId: node.cloudId,
    version,
    log,
    now: Date.now,
    ensureBrokerUsers: async (joining: Pick<NodeFile, 'name' | 'roles'>) => {
      const users = nodeUsers(path, joining);
      if (users.length > 0) await importUsers(brokerOptions(path, node, users));
    },
    revokeBrokerUsers: (leaving: Pick<NodeFile, 'name' | 'roles'>) => revokeNodeUsers(path, node, leaving),
  };
  return serveRegistry(context, { host: node.address, port: registryPort });
}

/** A broker that has joined gets a copy of every quorum queue, and all of them know how many they are. */
async function ensureBrokerPeers(broker: RabbitmqOptions): Promise<void> {
  const count = broker.cluster?.peers().length ?? 1;
  if (count < 2) return;
  const handling = partitionHandling(count);
  await control(broker, 'eval', `application:set_env(rabbit, cluster_partition_handling, ${handling}).`);
  await control(broker, 'grow', `wattle-${broker.id}@${broker.cluster?.name}`, 'all');
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
