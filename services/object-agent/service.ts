/** The object agent: accounts, containers and objects on the devices that the ring gives to this address. */
import { once } from 'node:events';
import { join } from 'node:path';
import { listenAt, readCloud } from '#shared/config/cloud.ts';
import { readRing } from '#shared/ring/config.ts';
import { openReach, registerAgent } from '#shared/ring/reach.ts';
import { followRingFile } from '#shared/ring/ring-file.ts';
import type { Runtime, Start } from '#shared/service/runtime.ts';
import { section } from './config.ts';
import { reclaimBefore } from './context.ts';
import { openDisk } from './drivers/device.ts';
import { openRepair } from './drivers/repair.ts';
import { openAgent } from './handlers.ts';
import { openDatabases } from './listings/databases.ts';
import { openEntries } from './listings/entries.ts';
import { isReported, reportKey } from './listings/report.ts';
import { openHashes } from './objects/hashes.ts';
import type { AgentWorld } from './replication/answers.ts';
import { openApiServer } from './routes.ts';
import { recover, startTimers } from './timers.ts';

export const start: Start = async (runtime) => {
  const context = openWorld(runtime);
  const agent = openAgent(context);
  const away = registerAgent(runtime.bus, context.address, agent);
  await recover(context);
  const endpoint = isAlone(runtime) ? await listen(runtime, context, agent) : undefined;
  const stop = startTimers(context);
  const onChange = () => openOwnDisks(context);
  const onError = (error: unknown) => context.log.error({ error }, 'the changed ring cannot be read');
  const ring = followRingFile(context.ring, readCloud(runtime.settings).var, onChange, onError);
  context.log.info(
    { address: context.address, devices: [...context.disks.keys()], listens: endpoint !== undefined },
    'object agent is ready',
  );
  const close = async () => {
    await ring.close();
    await stop();
    away();
    endpoint?.closeAllConnections();
    if (endpoint) await new Promise((go) => endpoint.close(go));
    context.reach.close();
    context.databases.close();
  };
  return { close };
};

/** With the memory bus the whole cloud is this process, so the agent does not listen. */
const isAlone = ({ settings }: Runtime): boolean => readCloud(settings).bus !== 'memory';

async function listen({ settings }: Runtime, { ring, log }: AgentWorld, agent: ReturnType<typeof openAgent>) {
  const { host, port } = listenAt(readCloud(settings), settings.read('object-agent', section).listen);
  const endpoint = openApiServer({ agent, secret: ring.secret, log }).listen(port, host);
  await once(endpoint, 'listening');
  return endpoint;
}

function openWorld({ settings, log, bus }: Runtime): AgentWorld {
  const cloud = readCloud(settings);
  const own = settings.read('object-agent', section);
  const ring = readRing(settings);
  const { host, port } = listenAt(cloud, own.listen);
  const address = `${host}:${port}`;
  const unreported: AgentWorld['unreported'] = new Map();
  const databases = openDatabases((place, info) => {
    if (place.kind === 'container' && !isReported(info)) unreported.set(reportKey(place), place);
  });
  const onChange = (device: string) => {
    context.hashes.forget(device);
    databases.forget(device);
  };
  const hashes = openHashes(() => reclaimBefore(context));
  const reach = openReach(bus, ring);
  const context: AgentWorld = {
    ring,
    reach,
    address,
    base: own.devices || join(cloud.var, 'object-agent'),
    disks: new Map(),
    repair: openRepair(own.repairMbPerS),
    settings: own,
    log,
    onChange,
    hashes,
    databases,
    entries: openEntries(databases),
    unreported,
  };
  openOwnDisks(context);
  return context;
}

/** A device that has left the ring stays open, so that what it has is handed over. */
function openOwnDisks({ ring, address, base, disks, settings: { mountCheck }, log }: AgentWorld): void {
  for (const { name, address: at } of ring.devices) {
    if (at !== address || disks.has(name)) continue;
    disks.set(name, openDisk({ name, root: join(base, name), mountCheck }));
    log.info({ device: name, ring: ring.version }, 'a device of the ring is open');
  }
}
